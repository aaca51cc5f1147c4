// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Whether quantise() can store numbers as that type.
constexpr bool can_quantise(DType dtype) {
  using enum DType;
  return dtype == f32 || dtype == f16 || dtype == bf16 || dtype == q8_0 || dtype == q4_0 || dtype == q6_k ||
         dtype == q4_k || dtype == q2_k;
}

/// Stores finite numbers as a type for which can_quantise() is true. q8_0 and q4_0 are rounded as in ggml's reference
/// encoders; q6_k, q4_k and q2_k search for scales with a small squared error. `x.size()` is a multiple of the type's block;
/// `stored` has bytes_of(dtype, x.size()) bytes.
void quantise(std::span<const float> x, DType dtype, std::span<std::byte> stored);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "quantise.ipp"
#endif
