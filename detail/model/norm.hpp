// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../spec/model_spec.hpp"
#include "step.hpp"

#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A norm of the residual stream, or of the result of a part of a layer: an RMS norm if there is no bias, and a LayerNorm (with
/// mean and variance) if there is one.
struct Norm {
  std::vector<float> weight;  // [hidden]; empty: no norm
  std::vector<float> bias;    // [hidden]; empty: an RMS norm
  float epsilon = 0;
};

/// out[t, :] = norm(x[t, :]) for all tokens of a step; `out` may be `x`. x, out: [tokens, hidden].
/// Precondition: the norm is not empty.
void apply(const Step& step, const Norm& norm, const float* x, float* out);

/// out = norm(x) for one token. x, out: [hidden].
void apply_to_token(const simd::Kernels& kernels, const Norm& norm, const float* x, float* out) noexcept;

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "norm.ipp"
#endif
