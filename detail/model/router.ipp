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

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::span<float> bring_forward(std::span<const ExpertId> allowed, std::span<float> scores) {
  // None is overtaken, since no expert stands before its number among the allowed.
  for (std::size_t i = 0; i < allowed.size(); ++i) std::swap(scores[i], scores[allowed[i].expert]);
  return scores.first(allowed.size());
}

MOE_INLINE void number_among_all(std::span<const ExpertId> allowed, std::span<std::uint32_t> chosen) {
  for (std::uint32_t& expert : chosen) expert = allowed[expert].expert;
}

MOE_INLINE float largest_of(std::span<const float> numbers) {
  float largest = numbers[0];
  for (const float number : numbers) largest = std::max(largest, number);
  return largest;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void top_k_among(std::span<const ExpertId> allowed, std::span<float> scores,
                            std::span<std::uint32_t> chosen) {
  top_k(detail::bring_forward(allowed, scores), chosen);
  detail::number_among_all(allowed, chosen);
}

MOE_INLINE float route(const simd::Kernels& kernels, std::span<float> logits, bool normalise,
                       std::span<std::uint32_t> chosen, std::span<float> weights) {
  // The softmax keeps the order, so the choice is made before rounding can make two equal.
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
  const std::span<float> candidates = detail::bring_forward(allowed, logits);
  const std::span<float> others = logits.subspan(candidates.size());
  const float largest = detail::largest_of(candidates);
  const float total = route(kernels, candidates, normalise, chosen, weights);
  detail::number_among_all(allowed, chosen);
  if (others.empty()) return 1;
  const float largest_other = detail::largest_of(others);
  const float total_of_others = kernels.exponentiate(others.data(), largest_other, others.size());
  const double ratio =
      detail::portable::exp(static_cast<double>(largest_other) - static_cast<double>(largest));
  return static_cast<float>(1 / (1 + ratio * static_cast<double>(total_of_others / total)));
}

}  // namespace moe::inline MOE_ABI::detail
