#pragma once
#include "../core/config.hpp"
#include "pass.hpp"
#include "rope.hpp"
#include "weights.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// Scratch::cosines and sines of the positions of a pass. All layers share them.
void set_angles(const Pass& pass, const Rope& rope);

/// x += output · attention(norm(x)): causal grouped-query attention, with an RMS norm on each head of queries and keys if the
/// model has these norms.
/// Source: Qwen3MoeAttention and LlamaAttention in transformers.
void attention_layer(const Pass& pass, const LayerWeights& w, std::size_t layer);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "attention.ipp"
#endif
