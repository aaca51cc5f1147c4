// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../spec/model_spec.hpp"
#include "../step.hpp"
#include "../layer_weights.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The intermediate results of mamba2() for one step.
struct Mamba2Buffers {
  Mamba2Buffers(const Workspace& space, const Mamba2Spec& spec, std::size_t hidden);

  Arena::Frame frame;
  QuantisedActivations input, output_input;
  std::span<float> projected;  // [tokens, inner + channels + heads]: z, (x, B, C), step
  std::span<float> convolved;  // [tokens, channels]: x, B, C
  std::span<float> decay;      // [tokens, heads]
  std::span<float> result;     // [tokens, inner]
};

/// Mamba-2. For each token, (z, xBC, step) = input · h and (x, B, C) = silu(convolution(xBC)). Each head with its state S,
/// [state, head_dim], computes:
///   δ = softplus(step + step_bias);   S ← e^(−a δ) · S + δ · B xᵀ;   y = Sᵀ C + D · x
///   out = output · norm(y ∘ silu(z))
/// δ is limited to the range of the spec, if the spec has one. With grouped_norm, the norm is computed per group.
/// The fixed arrays of the layer in the state of each text: the inputs of the convolution, and S for each head.
/// h, out: [tokens, hidden].
/// Tokens go through the recurrence one by one, so the bits do not depend on the size of a step.
/// Source: Dao and Gu 2024 (arXiv 2405.21060).
void mamba2(const Step& step, const Mamba2Spec& spec, const Mamba2Weights& w, float norm_epsilon,
            std::size_t layer, const float* h, float* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "mamba2.ipp"
#endif
