// SPDX-License-Identifier: MIT
#pragma once
#include "norm.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void apply_to_token(const simd::Kernels& kernels, const Norm& norm, const float* x,
                               float* out) noexcept {
  const std::size_t n = norm.weight.size();
  if (norm.bias.empty()) {
    kernels.rms_norm(x, norm.weight.data(), norm.epsilon, out, n);
  } else {
    kernels.layer_norm(x, norm.weight.data(), norm.bias.data(), norm.epsilon, out, n);
  }
}

MOE_INLINE void apply(const Step& step, const Norm& norm, const float* x, float* out) {
  const std::size_t n = norm.weight.size();
  step.compute.for_each(step.tokens, [&](std::size_t t, std::size_t) noexcept {
    apply_to_token(step.kernels(), norm, x + t * n, out + t * n);
  });
}

}  // namespace moe::inline MOE_ABI::detail
