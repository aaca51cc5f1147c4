#pragma once
#include "router.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void top_k(std::span<const float> scores, std::span<std::uint32_t> chosen) {
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (count == chosen.size() && !(scores[i] > scores[chosen[count - 1]])) continue;
    std::size_t place = count < chosen.size() ? count++ : count - 1;
    for (; place > 0 && scores[i] > scores[chosen[place - 1]]; --place) chosen[place] = chosen[place - 1];
    chosen[place] = i;
  }
}

/// Moves the scores of the allowed experts to the front, in their order, and returns these scores.
inline std::span<float> move_to_front(std::span<const ExpertId> allowed, std::span<float> scores) {
  // Swaps in ascending order never move a score of a later allowed expert, because allowed[i].expert >= i.
  for (std::size_t i = 0; i < allowed.size(); ++i) std::swap(scores[i], scores[allowed[i].expert]);
  return scores.first(allowed.size());
}

/// Replaces places in the list of allowed experts by the numbers of these experts.
inline void to_expert_numbers(std::span<const ExpertId> allowed, std::span<std::uint32_t> chosen) {
  for (std::uint32_t& expert : chosen) expert = allowed[expert].expert;
}

inline float largest_of(std::span<const float> numbers) {
  return *std::max_element(numbers.begin(), numbers.end());
}

MOE_INLINE void top_k_among(std::span<const ExpertId> allowed, std::span<float> scores,
                            std::span<std::uint32_t> chosen) {
  top_k(move_to_front(allowed, scores), chosen);
  to_expert_numbers(allowed, chosen);
}

MOE_INLINE float route(const simd::Kernels& kernels, std::span<float> logits, bool normalise,
                       std::span<std::uint32_t> chosen, std::span<float> weights) {
  // The softmax is monotonic, so logits give the same order; and rounding in the softmax could make two of them equal.
  top_k(logits, chosen);
  const float total = kernels.exponentiate(logits.data(), logits[chosen[0]], logits.size());
  float sum = 0;
  for (std::size_t rank = 0; rank < chosen.size(); ++rank) {
    weights[rank] = logits[chosen[rank]] / total;
    sum += weights[rank];
  }
  if (normalise)
    for (float& weight : weights) weight /= sum;
  return total;
}

MOE_INLINE float route_among(std::span<const ExpertId> allowed, const simd::Kernels& kernels,
                             std::span<float> logits, bool normalise, std::span<std::uint32_t> chosen,
                             std::span<float> weights) {
  const std::span<float> candidates = move_to_front(allowed, logits);
  const std::span<float> others = logits.subspan(candidates.size());
  const float largest = largest_of(candidates);
  const float total = route(kernels, candidates, normalise, chosen, weights);
  to_expert_numbers(allowed, chosen);
  if (others.empty()) return 1;
  const float largest_other = largest_of(others);
  const float total_of_others = kernels.exponentiate(others.data(), largest_other, others.size());
  const double ratio = portable::exp(static_cast<double>(largest_other) - static_cast<double>(largest));
  return static_cast<float>(1 / (1 + ratio * static_cast<double>(total_of_others / total)));
}

}  // namespace moe::inline MOE_ABI::detail
