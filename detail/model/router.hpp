#pragma once
#include "../core/config.hpp"
#include "../experts/expert.hpp"
#include "../simd/kernels.hpp"

#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The indices of the largest numbers of `scores`, largest first; of equal ones the first comes first.
/// chosen: [k], k <= scores.size().
void top_k(std::span<const float> scores, std::span<std::uint32_t> chosen);

/// Moves the scores of `allowed`, which are in ascending order, to the front, and returns them; the others come after.
std::span<float> bring_forward(std::span<const ExpertId> allowed, std::span<float> scores);

/// Numbers among the allowed experts become numbers among all.
void number_among_all(std::span<const ExpertId> allowed, std::span<std::uint32_t> chosen);

/// numbers: at least one.
float largest_of(std::span<const float> numbers);

/// The same, of the scores of `allowed` only. Reorders the scores.
/// allowed: ascending, at least k.
void top_k_among(std::span<const ExpertId> allowed, std::span<float> scores, std::span<std::uint32_t> chosen);

/// Chooses the experts of one token: p = softmax(logits) over all experts; the k largest, in rank order, with their p as
/// weights, which are divided by their sum if `normalise`. Every expert is a candidate.
/// logits: [experts], overwritten; chosen, weights: [k]. Returns Σ exp(logit − the largest logit).
/// Source: Qwen3MoeSparseMoeBlock in transformers.
float route(const simd::Kernels& kernels, std::span<float> logits, bool normalise,
            std::span<std::uint32_t> chosen, std::span<float> weights);

/// The same, choosing from the experts of `allowed` only, as if the logits of all others were −inf. Returns the router mass
/// that those had without the restriction: their share of a softmax over all experts.
/// allowed: ascending, at least k.
float route_among(std::span<const ExpertId> allowed, const simd::Kernels& kernels, std::span<float> logits,
                  bool normalise, std::span<std::uint32_t> chosen, std::span<float> weights);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "router.ipp"
#endif
