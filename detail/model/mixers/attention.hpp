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

/// The intermediate results of attention() for one step.
struct AttentionBuffers {
  AttentionBuffers(const Workspace& space, const AttentionSpec& spec, std::size_t hidden);

  Arena::Frame frame;
  QuantisedActivations input, output_input;
  std::span<float> projected;     // [tokens, heads, 2, head_dim] with an output gate, otherwise empty
  std::span<float> queries;       // [tokens, heads, head_dim]
  std::span<float> keys, values;  // [tokens, kv_heads, head_dim]
  std::span<float> attended;      // [tokens, heads, head_dim]
  std::span<float> scratch;       // [threads, attention_scratch]
};

/// out = output · attention(x), causal grouped-query attention: each token attends to its own position and the earlier
/// positions of its text, or to the last spec.window of these. The keys and values of this step are stored first.
/// x, out: [tokens, hidden]; they must not overlap. angles: null for a layer without rotary embedding.
/// Source: Qwen3MoeAttention, Qwen3NextAttention, GptOssAttention and Gemma4TextAttention in transformers.
void attention(const Step& step, const AttentionSpec& spec, const AttentionWeights& w, const Angles* angles,
               float norm_epsilon, std::size_t layer, const float* x, float* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "attention.ipp"
#endif
