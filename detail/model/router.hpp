#pragma once
#include "../core/config.hpp"
#include "../simd/kernels.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace moe {

/// The indices of the largest numbers of `scores`, largest first; of equal ones the first comes first.
/// chosen: [k], k <= scores.size().
inline void top_k(std::span<const float> scores, std::span<std::uint32_t> chosen) {
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (count == chosen.size() && !(scores[i] > scores[chosen[count - 1]])) continue;
    std::size_t place = count < chosen.size() ? count++ : count - 1;
    for (; place > 0 && scores[i] > scores[chosen[place - 1]]; --place) chosen[place] = chosen[place - 1];
    chosen[place] = i;
  }
}

/// Chooses the experts of one token: p = softmax(logits) over all experts; the k largest, in rank order, with their p as
/// weights, which are divided by their sum if `normalise`. Every expert is a candidate.
/// logits: [experts], overwritten; chosen, weights: [k]. Source: Qwen3MoeSparseMoeBlock in transformers.
inline void route(const simd::Kernels& kernels, std::span<float> logits, bool normalise,
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
}

}  // namespace moe
