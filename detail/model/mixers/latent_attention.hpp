// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../spec/model_spec.hpp"
#include "../rope.hpp"
#include "../step.hpp"
#include "../layer_weights.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The intermediate results of latent_attention() for one step.
struct LatentAttentionBuffers {
  LatentAttentionBuffers(const Workspace& space, const LatentAttentionSpec& spec, std::size_t hidden);

  Arena::Frame frame;
  QuantisedActivations input, query_input, head_input, output_input;
  std::span<float> low_rank;   // [tokens, query_rank]
  std::span<float> projected;  // [tokens, heads, nope + rope]
  std::span<float> rows;       // [tokens, row_size]: latent, key with position
  std::span<float> queries;    // [tokens, heads, row_size]
  std::span<float> attended;   // [heads, tokens, kv_rank]
  std::span<float> values;     // [tokens, heads, value]
  std::span<float> scratch;    // [threads, attention_scratch]
};

/// out = output · attention(x), multi-head latent attention. The cache has only the latent of each position and the part
/// of the key with positions, which all heads share. With c the latent of a position, and K and V the matrices of a head:
///   score = scale · ((Kᵀ · q_nope) · c + q_rope · k_rope),   result = V · Σ softmax(score) · c.
/// One token and many are computed in the same way. x, out: [tokens, hidden].
/// Source: DeepSeek-V2 (arXiv 2405.04434), section 2.1; DeepseekV3Attention in transformers.
void latent_attention(const Step& step, const LatentAttentionSpec& spec, const LatentAttentionWeights& w,
                      const Angles& angles, std::size_t layer, const float* x, float* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "latent_attention.ipp"
#endif
