#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The number of largest magnitude, with its sign; of equals the first.
float largest_magnitude(std::span<const float> x);

/// `v` without its fraction, within `least` and `most`. A NaN, and what a scale too small to invert makes, becomes a bound.
int whole_within(float v, int least, int most);

void quantise_q8_0(std::span<const float> x, std::byte* block);

void quantise_q4_0(std::span<const float> x, std::byte* block);

/// Whether quantise() can store numbers as that type.
constexpr bool can_quantise(DType dtype) {
  using enum DType;
  return dtype == f32 || dtype == f16 || dtype == bf16 || dtype == q8_0 || dtype == q4_0 || dtype == q6_k ||
         dtype == q4_k;
}

/// Stores finite numbers as a type that can_quantise(): q8_0 and q4_0 rounded as the reference encoders of ggml do, q6_k
/// and q4_k with little squared error. x.size() is a multiple of the type's block; stored: bytes_of(dtype, x.size()).
void quantise(std::span<const float> x, DType dtype, std::span<std::byte> stored);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "quantise.ipp"
#endif
