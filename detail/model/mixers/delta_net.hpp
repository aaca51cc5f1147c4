// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../spec/model_spec.hpp"
#include "../step.hpp"
#include "../layer_weights.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The intermediate results of delta_net() for one step.
struct DeltaNetBuffers {
  DeltaNetBuffers(const Workspace& space, const DeltaNetSpec& spec, std::size_t hidden);

  Arena::Frame frame;
  QuantisedActivations input, output_input;
  std::span<float> projected;    // [tokens, channels]: queries, keys, values
  std::span<float> convolved;    // [tokens, channels]
  std::span<float> gate;         // [tokens, value_heads, value_dim]
  std::span<float> beta, decay;  // [tokens, value_heads]
  std::span<float> result;       // [tokens, value_heads, value_dim]
};

/// Gated delta net. For each token, q, k, v = silu(convolution(qkv · x)); q and k are normed to length 1, and q is divided by
/// sqrt(key_dim). Each value head with its state S, [key_dim, value_dim], computes:
///   β = sigmoid(beta · x),  g = −a · softplus(decay · x + step_bias)
///   S ← e^g · S;   S ← S + k (β (v − Sᵀk))ᵀ;   result = Sᵀq
///   out = output · (rms_norm(result) ∘ silu(gate · x))
/// The fixed arrays of the layer in the state of each text: the inputs of the convolution, and S for each value head.
/// x, out: [tokens, hidden].
/// Tokens go through the recurrence one by one, so the bits do not depend on the size of a step.
/// Source: Yang, Kautz and Hatamizadeh 2024 (arXiv 2412.06464); Qwen3NextGatedDeltaNet in transformers.
void delta_net(const Step& step, const DeltaNetSpec& spec, const DeltaNetWeights& w, float norm_epsilon,
               std::size_t layer, const float* x, float* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "delta_net.ipp"
#endif
