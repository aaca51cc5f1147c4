#pragma once
#include "../core/config.hpp"
#include "pass.hpp"
#include "weights.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Whether any of them is quantised.
bool have_quantised_inputs(std::span<const ExpertJob> jobs);

/// A piece of the rows of an expert, for its tokens: up, the gated product, and that as the input of `down`.
void finish_gate(const Pass& pass, const ExpertJob& job, const Product& gate, std::size_t first,
                 std::size_t rows) noexcept;

/// gate[slot] = silu(gate · x) ∘ (up · x), also as the input of `down`, for all jobs in one parallel region.
void gate_and_up(const Pass& pass, std::span<const ExpertJob> jobs, const Activations& input);

/// down[slot] = down · gate[slot], for all jobs in one parallel region.
void down(const Pass& pass, std::span<const ExpertJob> jobs);

/// Computes gated feed-forward networks: for every slot i of each job,
/// down[i] = weights.down · (silu(weights.gate · x) ∘ (weights.up · x)) with x the normed input of token token_of[i].
/// input: normed, prepared for the gates and the ups of all.
void run_jobs(const Pass& pass, std::span<const ExpertJob> jobs, const Activations& input);

/// x += network(norm(x)), for a layer without experts: one network that every token takes.
void dense_layer(const Pass& pass, const LayerWeights& w);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "feed_forward.ipp"
#endif
