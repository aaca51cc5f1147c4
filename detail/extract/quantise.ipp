// SPDX-License-Identifier: MIT
#pragma once
#include "quantise.hpp"
#include "../core/half.hpp"
#include "quantise_k.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The number with the largest magnitude, with its sign; of several such numbers the first.
MOE_INLINE float largest_magnitude(std::span<const float> x) {
  const auto magnitude = [](float v) { return v < 0 ? -v : v; };
  float most = 0;
  for (const float v : x)
    if (magnitude(v) > magnitude(most)) most = v;
  return most;
}

/// `v` without its fraction, clamped to [least, most]. A NaN becomes `least`: the inverse of a denormal scale can be infinite,
/// and 0 · ∞ is a NaN.
MOE_INLINE int whole_within(float v, int least, int most) {
  const auto low = static_cast<float>(least), high = static_cast<float>(most);
  return static_cast<int>(v > low ? v < high ? v : high : low);
}

/// A block: an f16 scale d and 32 numbers q from -127 to 127, x ≈ d · q. Source: ggml's quantize_row_q8_0_ref.
MOE_INLINE void quantise_q8_0(std::span<const float> x, std::byte* block) {
  const float most = largest_magnitude(x), scale = (most < 0 ? -most : most) / 127;
  const float inverse = scale != 0 ? 1 / scale : 0;
  const std::uint16_t half = float_to_f16(scale);
  std::memcpy(block, &half, sizeof half);
  for (std::size_t i = 0; i < 32; ++i) {
    const float q = x[i] * inverse;
    const int rounded = whole_within(q + (q < 0 ? -0.5f : 0.5f), -127, 127);  // half away from zero
    block[2 + i] = static_cast<std::byte>(rounded);
  }
}

/// A block: an f16 scale d and 32 numbers q from 0 to 15, x ≈ d · (q − 8). Source: ggml's quantize_row_q4_0_ref.
MOE_INLINE void quantise_q4_0(std::span<const float> x, std::byte* block) {
  const float scale = largest_magnitude(x) / -8;
  const float inverse = scale != 0 ? 1 / scale : 0;
  const std::uint16_t half = float_to_f16(scale);
  std::memcpy(block, &half, sizeof half);
  const auto quant = [&](float v) { return whole_within(v * inverse + 8.5f, 0, 15); };
  for (std::size_t i = 0; i < 16; ++i)
    block[2 + i] = static_cast<std::byte>(quant(x[i]) | quant(x[i + 16]) << 4);
}

MOE_INLINE void quantise(std::span<const float> x, DType dtype, std::span<std::byte> stored) {
  MOE_ASSERT(can_quantise(dtype) && stored.size() == bytes_of(dtype, x.size()));
  const auto [name, elements, bytes] = layout_of(dtype);
  std::byte* block = stored.data();
  for (std::size_t i = 0; i < x.size(); i += elements, block += bytes) {
    const std::uint16_t half = dtype == DType::f16 ? float_to_f16(x[i]) : float_to_bf16(x[i]);
    switch (dtype) {
      case DType::f32: std::memcpy(block, &x[i], sizeof(float)); break;
      case DType::f16:
      case DType::bf16: std::memcpy(block, &half, sizeof half); break;
      case DType::q8_0: quantise_q8_0(x.subspan(i, elements), block); break;
      case DType::q4_0: quantise_q4_0(x.subspan(i, elements), block); break;
      case DType::q6_k: quantise_q6_k(x.subspan(i, elements), block); break;
      case DType::q4_k: quantise_q4_k(x.subspan(i, elements), block); break;
      case DType::q2_k: quantise_q2_k(x.subspan(i, elements), block); break;
      default: break;
    }
  }
}

}  // namespace moe::inline MOE_ABI::detail
