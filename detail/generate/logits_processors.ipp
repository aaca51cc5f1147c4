// SPDX-License-Identifier: MIT
#pragma once
#include "logits_processors.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Replaces a score that is not -inf by `changed`, clamped to [-largest_logit, largest_logit].
inline void set_score(double& score, double changed) {
  if (!std::isinf(score)) score = std::clamp(changed, -largest_logit, largest_logit);
}

inline void require_id(std::span<const double> scores, TokenId id, std::string_view member) {
  if (id >= scores.size())
    fail("sampling", member, concat("token ids below ", scores.size(), ", the size of the vocabulary"),
         concat(id));
}

MOE_INLINE void add_bias(std::span<double> scores, std::span<const LogitBias> biases) {
  for (const auto& [id, bias] : biases) {
    require_id(scores, id, "logit_bias");
    set_score(scores[id], scores[id] + bias);
  }
}

MOE_INLINE void penalise_repetitions(std::span<double> scores, const TextHistory& history, double penalty) {
  for (const TokenId id : history.distinct())
    set_score(scores[id], scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty);
}

MOE_INLINE void penalise_generated(std::span<double> scores, const TextHistory& history, double presence,
                                   double frequency) {
  for (const TokenId id : history.distinct())
    if (const double count = history.generated(id); count > 0) {
      set_score(scores[id], scores[id] - count * frequency);
      set_score(scores[id], scores[id] - presence);
    }
}

MOE_INLINE void ban_tokens(std::span<double> scores, std::span<const TokenId> ids) {
  for (const TokenId id : ids) {
    require_id(scores, id, "banned_tokens");
    scores[id] = -std::numeric_limits<double>::infinity();
  }
}

MOE_INLINE void ban_sequences(std::span<double> scores, std::span<const TokenId> text,
                              std::span<const std::vector<TokenId>> sequences) {
  for (const std::vector<TokenId>& sequence : sequences) {
    for (const TokenId id : sequence) require_id(scores, id, "banned_sequences");
    const std::size_t before = sequence.size() - 1;
    if (before <= text.size() && std::equal(sequence.begin(), sequence.end() - 1, text.last(before).begin()))
      scores[sequence.back()] = -std::numeric_limits<double>::infinity();
  }
}

}  // namespace moe::inline MOE_ABI::detail
