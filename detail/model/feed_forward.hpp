#pragma once
#include "../core/config.hpp"
#include "pass.hpp"
#include "weights.hpp"

#include <span>

namespace moe::inline MOE_ABI::detail {

/// Computes gated feed-forward networks, all jobs in two parallel regions: for every slot i of each job,
/// down[i] = weights.down · (silu(weights.gate · x) ∘ (weights.up · x)) with x the normed input of token token_of[i].
/// input: the normed input, prepared for the gate and up matrices of all jobs.
void run_jobs(const Pass& pass, std::span<const ExpertJob> jobs, const Activations& input);

/// x += network(norm(x)) for a dense layer: one network for every token.
void dense_layer(const Pass& pass, const LayerWeights& w);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "feed_forward.ipp"
#endif
