// SPDX-License-Identifier: MIT
#pragma once
#include "log_probabilities.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE double log_sum_exp(std::span<const float> logits) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += portable::exp(logit - highest);
  return highest + portable::log(sum);
}

MOE_INLINE void set_most_likely(std::span<const float> logits, double log_sum, std::size_t count,
                                std::vector<TokenProbability>& out) {
  const auto more_likely = [](const TokenProbability& a, const TokenProbability& b) {
    return a.log_probability != b.log_probability ? a.log_probability > b.log_probability : a.id < b.id;
  };
  out.clear();
  out.reserve(std::min(count, logits.size()));
  if (count == 0) return;
  // A heap of the most likely tokens so far, with the least likely one of them on top.
  for (TokenId id = 0; id < logits.size(); ++id) {
    const TokenProbability token{id, logits[id]};
    if (out.size() == count) {
      if (!more_likely(token, out.front())) continue;
      std::pop_heap(out.begin(), out.end(), more_likely);
      out.pop_back();
    }
    out.push_back(token);
    std::push_heap(out.begin(), out.end(), more_likely);
  }
  std::sort_heap(out.begin(), out.end(), more_likely);
  for (TokenProbability& token : out) token.log_probability -= log_sum;
}

}  // namespace moe::inline MOE_ABI::detail
