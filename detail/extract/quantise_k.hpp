#pragma once
#include "../core/config.hpp"
#include "../core/half.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

// Encoders of blocks of 256 numbers. Each part of a block looks for the scale (and the offset) with the least squared
// error: some steps near the obvious one are tried, and for each the best scale for the whole numbers it rounds to is
// computed. Then the scales are rounded themselves, and the numbers rounded again to what the scales have become.

/// The whole number from `least` to `most` that is nearest to v; of two the even one. A NaN is taken as `least`.
float nearest_within(float v, float least, float most);

void store_f16(float value, std::byte* at);

/// What a block stores in a scale's place, as it will be read.
inline float through_f16(float value) { return f16_to_float(float_to_f16(value)); }

inline float inverse_or_zero(float value) { return value != 0 ? 1 / value : 0; }

/// The scale for which scale · q, -32 <= q <= 31, comes nearest to 16 numbers.
float best_scale(std::span<const float, 16> x);

/// As dequantise_q6_k reads it.
void quantise_q6_k(std::span<const float> x, std::byte* block);

/// scale · q − offset, 0 <= q <= 15; neither is negative.
struct Line {
  float scale = 0, offset = 0;
};

/// The line through 32 numbers x at the places q, by least squares.
Line fitted_line(const float* x, const float* q);

/// The line for which scale · q − offset comes nearest to 32 numbers.
Line best_line(const float* x);

/// As dequantise_q4_k reads it.
void quantise_q4_k(std::span<const float> x, std::byte* block);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "quantise_k.ipp"
#endif
