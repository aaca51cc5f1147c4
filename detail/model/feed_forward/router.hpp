// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../core/function_ref.hpp"
#include "../../experts/expert.hpp"
#include "../../simd/kernels.hpp"
#include "../../spec/model_spec.hpp"
#include "../layer_weights.hpp"

#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// chosen = the indices of the k largest scores, in descending order of the scores; of equal scores the lower index comes
/// first. chosen: [k], k <= scores.size().
void top_k(std::span<const float> scores, std::span<std::uint32_t> chosen);

/// The choice for one token.
struct Choice {
  std::span<std::uint32_t> experts;  // [per_token], in descending order of the score that decides the choice
  std::span<float> weights;          // [per_token]
};

/// LOSSY: changes the scores that decide the choice, [experts], but not the weights. Must not throw.
using AdjustScores = FunctionRef<void(std::span<float> scores)>;

/// Chooses the experts of one token as RouterSpec says. logits: [experts], bias not added yet; overwritten. choice_scores:
/// [experts], overwritten.
/// allowed: the experts that can be chosen, ascending; empty: all. The other experts then count as if their logits were
/// −inf. Returns the mass of the allowed experts: the sum of their probabilities in a softmax over all experts.
/// adjust: called before the choice. Must be empty if `allowed` is not empty, and for the score sparsemixer.
float choose(const RouterSpec& spec, const RouterWeights& w, const simd::Kernels& kernels,
             std::span<const ExpertId> allowed, std::span<float> logits, std::span<float> choice_scores,
             const Choice& out, AdjustScores adjust = {});

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "router.ipp"
#endif
