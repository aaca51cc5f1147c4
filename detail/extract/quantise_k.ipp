// SPDX-License-Identifier: MIT
#pragma once
#include "quantise_k.hpp"
#include "../core/half.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The whole number in [least, most] that is nearest to v; the even one of two equally near numbers. A NaN becomes `least`.
MOE_INLINE float nearest_within(float v, float least, float most) {
  constexpr float shift = 0x1.8p23f;  // floats of this size have no fraction, so the addition rounds
  const float bounded = v > least ? v < most ? v : most : least;
  return (bounded + shift) - shift;
}

MOE_INLINE void store_f16(float value, std::byte* at) {
  const std::uint16_t half = float_to_f16(value);
  std::memcpy(at, &half, sizeof half);
}

/// A scale, rounded to f16.
MOE_INLINE float through_f16(float value) { return f16_to_float(float_to_f16(value)); }

MOE_INLINE float inverse_or_zero(float value) { return value != 0 ? 1 / value : 0; }

/// The scale of 16 numbers x ≈ scale · q, -32 <= q <= 31. Tries 19 roundings of x to whole numbers q, each with the
/// least-squares scale for its q, and returns the scale with the least squared error; 0 for 16 zeros.
MOE_INLINE float best_scale(std::span<const float, 16> x) {
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  const float largest = -*least > *most ? *least : *most;
  float best = 0, best_gain = 0;
  for (int step = -9; step <= 9; ++step) {  // step 0 maps the number of largest magnitude to -32
    const float inverse = -(32 + 0.1f * static_cast<float>(step)) * inverse_or_zero(largest);
    float products = 0, squares = 0;
    for (const float v : x) {
      const float q = nearest_within(v * inverse, -32, 31);
      products += v * q;
      squares += q * q;
    }
    // For these q, the best scale is products / squares. Its squared error is Σ x² − products² / squares.
    if (squares == 0 || products * products <= best_gain * squares) continue;
    best_gain = products * products / squares;
    best = products / squares;
  }
  return best;
}

MOE_INLINE void quantise_q6_k(std::span<const float> x, std::byte* block) {
  float scales[16], largest = 0;
  for (std::size_t k = 0; k < 16; ++k) {
    scales[k] = best_scale(x.subspan(k * 16).first<16>());
    if (scales[k] * scales[k] > largest * largest) largest = scales[k];
  }
  const float d = through_f16(largest / -128);
  const float inverse = inverse_or_zero(d);
  std::memset(block, 0, 192);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t n = i / 128, j = i / 32 % 4, l = i % 32;
    const float scale = nearest_within(scales[i / 16] * inverse, -128, 127);
    block[192 + i / 16] = static_cast<std::byte>(static_cast<int>(scale));
    const int q = static_cast<int>(nearest_within(x[i] * inverse_or_zero(d * scale), -32, 31)) + 32;
    block[n * 64 + j % 2 * 32 + l] |= static_cast<std::byte>((q & 15) << (j / 2 * 4));
    block[128 + n * 32 + l] |= static_cast<std::byte>(q >> 4 << (j * 2));
  }
  store_f16(d, block + 208);
}

/// scale · q − offset.
struct Line {
  float scale = 0, offset = 0;
};

/// The line scale · q − offset that approximates the numbers x, by least squares. If all q are equal, or if scale or offset
/// would be negative, the offset is 0, and the scale is the least-squares scale for x ≈ scale · q, or 0 if this scale would be
/// negative.
MOE_INLINE Line fitted_line(std::span<const float> x, const float* q) {
  float xs = 0, qs = 0, products = 0, squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xs += x[i];
    qs += q[i];
    products += x[i] * q[i];
    squares += q[i] * q[i];
  }
  const auto count = static_cast<float>(x.size());
  const float determinant = count * squares - qs * qs;
  if (determinant > 0) {
    const Line line{(count * products - xs * qs) / determinant, (qs * products - squares * xs) / determinant};
    if (line.offset >= 0 && line.scale >= 0) return line;
  }
  return {products > 0 ? products / squares : 0, 0};
}

/// The line for at most 32 numbers x ≈ scale · q − offset, 0 <= q <= most. Tries 17 roundings of x to whole numbers q, each
/// with fitted_line(), and the constant min(0, smallest x). Returns the line with the least squared error.
MOE_INLINE Line best_line(std::span<const float> x, float most) {
  const auto [lowest, highest] = std::minmax_element(x.begin(), x.end());
  const float least = *lowest < 0 ? *lowest : 0;
  Line best{0, -least};
  float best_error = 0;
  for (const float v : x) best_error += (v - least) * (v - least);
  for (int step = -8; step <= 8; ++step) {
    const float inverse = (most + most / 100 * static_cast<float>(step)) * inverse_or_zero(*highest - least);
    float q[32];
    for (std::size_t i = 0; i < x.size(); ++i) q[i] = nearest_within((x[i] - least) * inverse, 0, most);
    const Line line = fitted_line(x, q);
    float error = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float off = line.scale * q[i] - line.offset - x[i];
      error += off * off;
    }
    if (error < best_error) best_error = error, best = line;
  }
  return best;
}

MOE_INLINE void quantise_q4_k(std::span<const float> x, std::byte* block) {
  Line lines[8], most;
  for (std::size_t g = 0; g < 8; ++g) {
    lines[g] = best_line(x.subspan(g * 32, 32), 15);
    most = {(std::max)(most.scale, lines[g].scale), (std::max)(most.offset, lines[g].offset)};
  }
  const float d = through_f16(most.scale / 63), dmin = through_f16(most.offset / 63);
  store_f16(d, block);
  store_f16(dmin, block + 2);
  std::memset(block + 4, 0, 140);
  for (std::size_t g = 0; g < 8; ++g) {
    const float scale = nearest_within(lines[g].scale * inverse_or_zero(d), 0, 63);
    const float offset = nearest_within(lines[g].offset * inverse_or_zero(dmin), 0, 63);
    const int sc = static_cast<int>(scale), mn = static_cast<int>(offset);
    std::byte* s = block + 4;
    if (g < 4) {
      s[g] |= static_cast<std::byte>(sc);
      s[g + 4] |= static_cast<std::byte>(mn);
    } else {
      s[g + 4] |= static_cast<std::byte>((sc & 15) | (mn & 15) << 4);
      s[g - 4] |= static_cast<std::byte>(sc >> 4 << 6);
      s[g] |= static_cast<std::byte>(mn >> 4 << 6);
    }
    const float inverse = inverse_or_zero(d * scale);
    for (std::size_t l = 0; l < 32; ++l) {
      const int q = static_cast<int>(nearest_within((x[g * 32 + l] + dmin * offset) * inverse, 0, 15));
      block[16 + g / 2 * 32 + l] |= static_cast<std::byte>(q << (g % 2 * 4));
    }
  }
}

MOE_INLINE void quantise_q2_k(std::span<const float> x, std::byte* block) {
  Line lines[16], most;
  for (std::size_t k = 0; k < 16; ++k) {
    lines[k] = best_line(x.subspan(k * 16, 16), 3);
    most = {(std::max)(most.scale, lines[k].scale), (std::max)(most.offset, lines[k].offset)};
  }
  const float d = through_f16(most.scale / 15), dmin = through_f16(most.offset / 15);
  std::memset(block, 0, 80);
  store_f16(d, block + 80);
  store_f16(dmin, block + 82);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t k = i / 16, n = i / 128, j = i / 32 % 4, l = i % 32;
    const float scale = nearest_within(lines[k].scale * inverse_or_zero(d), 0, 15);
    const float offset = nearest_within(lines[k].offset * inverse_or_zero(dmin), 0, 15);
    block[k] = static_cast<std::byte>(static_cast<int>(scale) | static_cast<int>(offset) << 4);
    const float q = nearest_within((x[i] + dmin * offset) * inverse_or_zero(d * scale), 0, 3);
    block[16 + n * 32 + l] |= static_cast<std::byte>(static_cast<int>(q) << (2 * j));
  }
}

}  // namespace moe::inline MOE_ABI::detail
