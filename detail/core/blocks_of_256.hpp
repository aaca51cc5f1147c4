// SPDX-License-Identifier: MIT
#pragma once
#include "blocks_of_32.hpp"
#include "config.hpp"
#include "load_as.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

// Decoders of the types with blocks of 256 values, in the notation of blocks_of_32.hpp. A number in brackets is a size in
// bytes, a letter in brackets is an index. The index i of a value is split into
// n = i / 128 (the half of the block), j = i / 32 % 4 (the quarter of that half) and l = i % 32 (the position in that
// quarter). Groups of 32 values have the index g = i / 32, groups of 16 values the index k = i / 16.

inline int byte_at(const std::byte* at) { return std::to_integer<int>(*at); }

/// u8 scales[16], 2-bit q[64], f16 d, f16 dmin: d · (scales[k] & 15) · q − dmin · (scales[k] >> 4)
inline void dequantise_q2_k(const std::byte* block, float* out) {
  const float d = load_f16(block + 80), dmin = load_f16(block + 82);
  for (std::size_t i = 0; i < 256; ++i) {
    const int scale = byte_at(block + i / 16);
    const int q = byte_at(block + 16 + i / 128 * 32 + i % 32) >> (i / 32 % 4 * 2) & 3;
    out[i] =
        d * static_cast<float>(scale & 15) * static_cast<float>(q) - dmin * static_cast<float>(scale >> 4);
  }
}

/// Scale k of the sixteen 6-bit scales in 12 bytes: bytes 0 to 7 hold the low nibbles, bytes 8 to 11 the upper two bits.
inline int q3_k_scale(const std::byte* scales, std::size_t k) {
  const int low = byte_at(scales + k % 8) >> (k / 8 * 4) & 15;
  const int high = byte_at(scales + 8 + k % 4) >> (k / 4 * 2) & 3;
  return (low | high << 4) - 32;
}

/// third bits[32], 2-bit q[64], scales[12], f16 d: d · scale(k) · (q − (third bit ? 0 : 4))
inline void dequantise_q3_k(const std::byte* block, float* out) {
  const float d = load_f16(block + 108);
  for (std::size_t i = 0; i < 256; ++i) {
    const int low = byte_at(block + 32 + i / 128 * 32 + i % 32) >> (i / 32 % 4 * 2) & 3;
    const int third = byte_at(block + i % 32) >> (i / 32) & 1;
    out[i] =
        d * static_cast<float>(q3_k_scale(block + 96, i / 16)) * static_cast<float>(low - (third ? 0 : 4));
  }
}

struct ScaleAndOffset {
  float scale, offset;
};
/// The 6-bit scale and the 6-bit offset of group g, out of the 12 bytes at `s`, which hold both for all eight groups.
inline ScaleAndOffset q4_k_group(const std::byte* s, std::size_t g) {
  if (g < 4) return {static_cast<float>(byte_at(s + g) & 63), static_cast<float>(byte_at(s + g + 4) & 63)};
  return {static_cast<float>((byte_at(s + g + 4) & 15) | byte_at(s + g - 4) >> 6 << 4),
          static_cast<float>(byte_at(s + g + 4) >> 4 | byte_at(s + g) >> 6 << 4)};
}

/// The low four bits of value i in q4_k and q5_k.
inline int q4_k_nibble(const std::byte* nibbles, std::size_t i) {
  return byte_at(nibbles + i / 64 * 32 + i % 32) >> (i / 32 % 2 * 4) & 15;
}

/// f16 d, f16 dmin, groups[12], nibbles[128]: d · scale(g) · q − dmin · offset(g)
inline void dequantise_q4_k(const std::byte* block, float* out) {
  const float d = load_f16(block), dmin = load_f16(block + 2);
  for (std::size_t i = 0; i < 256; ++i) {
    const auto [scale, offset] = q4_k_group(block + 4, i / 32);
    out[i] = d * scale * static_cast<float>(q4_k_nibble(block + 16, i)) - dmin * offset;
  }
}

/// f16 d, f16 dmin, groups[12], fifth bits[32], nibbles[128]: d · scale(g) · q − dmin · offset(g)
inline void dequantise_q5_k(const std::byte* block, float* out) {
  const float d = load_f16(block), dmin = load_f16(block + 2);
  for (std::size_t i = 0; i < 256; ++i) {
    const auto [scale, offset] = q4_k_group(block + 4, i / 32);
    const int q = q4_k_nibble(block + 48, i) | (byte_at(block + 16 + i % 32) >> (i / 32) & 1) << 4;
    out[i] = d * scale * static_cast<float>(q) - dmin * offset;
  }
}

/// low nibbles[128], upper two bits[64], i8 scales[16], f16 d: d · scales[k] · (q − 32)
inline void dequantise_q6_k(const std::byte* block, float* out) {
  const float d = load_f16(block + 208);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t n = i / 128, j = i / 32 % 4, l = i % 32;
    const int low = byte_at(block + n * 64 + j % 2 * 32 + l) >> (j / 2 * 4) & 15;
    const int high = byte_at(block + 128 + n * 32 + l) >> (j * 2) & 3;
    const float scale = static_cast<float>(load_as<std::int8_t>(block + 192 + i / 16));
    out[i] = d * scale * static_cast<float>((low | high << 4) - 32);
  }
}

/// f16 d, u16 upper two bits of the scales, low nibbles of the scales[4], nibbles[128]: d · (scale(g) − 32) · iq4_steps[q]
inline void dequantise_iq4_xs(const std::byte* block, float* out) {
  const float d = load_f16(block);
  const int scales_high = load_as<std::uint16_t>(block + 2);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t g = i / 32;
    const int scale = (byte_at(block + 4 + g / 2) >> (g % 2 * 4) & 15) | (scales_high >> (2 * g) & 3) << 4;
    const float step = static_cast<float>(iq4_steps[nibble(block + 8 + g * 16, i % 32)]);
    out[i] = d * static_cast<float>(scale - 32) * step;
  }
}

}  // namespace moe::inline MOE_ABI::detail
