#pragma once
#include "../core/config.hpp"
#include "../experts/expert.hpp"
#include "../simd/kernels.hpp"

#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// chosen = the indices of the k largest scores, in descending order of the scores; of equal scores the lower index comes
/// first. chosen: [k], k <= scores.size().
void top_k(std::span<const float> scores, std::span<std::uint32_t> chosen);

/// top_k() over the scores of the allowed experts only. Reorders the scores.
/// allowed: at least k experts of one layer, ascending.
void top_k_among(std::span<const ExpertId> allowed, std::span<float> scores, std::span<std::uint32_t> chosen);

/// Chooses the experts of one token. p = softmax(logits) over all experts; chosen = the k experts with the largest p, in
/// descending order; weights = their p, divided by the sum of these weights if `normalise`.
/// logits: [experts], overwritten; chosen, weights: [k]. Returns Σ exp(logit − largest logit).
/// Source: Qwen3MoeSparseMoeBlock in transformers.
float route(const simd::Kernels& kernels, std::span<float> logits, bool normalise,
            std::span<std::uint32_t> chosen, std::span<float> weights);

/// route() over the allowed experts only, as if the logits of all other experts were −inf. Returns the mass of the allowed
/// experts: the sum of their probabilities in a softmax over all experts.
/// allowed: at least k experts of one layer, ascending.
float route_among(std::span<const ExpertId> allowed, const simd::Kernels& kernels, std::span<float> logits,
                  bool normalise, std::span<std::uint32_t> chosen, std::span<float> weights);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "router.ipp"
#endif
