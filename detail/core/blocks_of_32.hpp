// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"
#include "load_as.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

// Decoders of the types with blocks of 32 values. Each comment lists the fields of a block in the order of their bytes, then
// the formula of a value. Each value is rounded at most once: the products of f8_e4m3 are rounded, and the products of all
// other types are exact in f32, so that only an addition or a subtraction rounds.
// `nibbles` are 16 bytes: the low nibbles are q of the values 0 to 15, the high nibbles are q of the values 16 to 31.
// Source: ggml-quants.c of ggml, which has all of these types but f8_e4m3. Every value has the same bits as in ggml.

/// The 16 values of the non-uniform grid of iq4_nl and iq4_xs.
inline constexpr std::int8_t iq4_steps[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                              1,    13,   25,  38,  53,  69,  89,  113};

/// The 16 values of a 4-bit float (e2m1), doubled so that all are integers.
inline constexpr float fp4_doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

inline int nibble(const std::byte* bytes, std::size_t i) {
  const int byte = std::to_integer<int>(bytes[i % 16]);
  return i < 16 ? byte & 15 : byte >> 4;
}

/// f16 d, i8 q[32]: q · d
inline void dequantise_q8_0(const std::byte* block, float* out) {
  const float d = load_f16(block);
  for (std::size_t i = 0; i < 32; ++i) out[i] = static_cast<float>(load_as<std::int8_t>(block + 2 + i)) * d;
}

/// f16 d, nibbles: (q − 8) · d
inline void dequantise_q4_0(const std::byte* block, float* out) {
  const float d = load_f16(block);
  for (std::size_t i = 0; i < 32; ++i) out[i] = static_cast<float>(nibble(block + 2, i) - 8) * d;
}

/// f16 d, f16 m, nibbles: q · d + m
inline void dequantise_q4_1(const std::byte* block, float* out) {
  const float d = load_f16(block), m = load_f16(block + 2);
  for (std::size_t i = 0; i < 32; ++i) out[i] = static_cast<float>(nibble(block + 4, i)) * d + m;
}

/// The 5-bit q of value i; bit i of the u32 at `high` is its fifth bit.
inline int five_bits(const std::byte* high, const std::byte* nibbles, std::size_t i) {
  return nibble(nibbles, i) | static_cast<int>(load_as<std::uint32_t>(high) >> i & 1) << 4;
}

/// f16 d, fifth bits, nibbles: (q − 16) · d
inline void dequantise_q5_0(const std::byte* block, float* out) {
  const float d = load_f16(block);
  for (std::size_t i = 0; i < 32; ++i)
    out[i] = static_cast<float>(five_bits(block + 2, block + 6, i) - 16) * d;
}

/// f16 d, f16 m, fifth bits, nibbles: q · d + m
inline void dequantise_q5_1(const std::byte* block, float* out) {
  const float d = load_f16(block), m = load_f16(block + 2);
  for (std::size_t i = 0; i < 32; ++i)
    out[i] = static_cast<float>(five_bits(block + 4, block + 8, i)) * d + m;
}

/// f16 d, nibbles: iq4_steps[q] · d
inline void dequantise_iq4_nl(const std::byte* block, float* out) {
  const float d = load_f16(block);
  for (std::size_t i = 0; i < 32; ++i) out[i] = d * static_cast<float>(iq4_steps[nibble(block + 2, i)]);
}

/// 2^(e − 128) for each exponent e of mxfp4.
inline constexpr std::array<float, 256> mxfp4_scales = [] {
  std::array<float, 256> out{};
  // 2^-128 and 2^-127 are subnormal in f32: the exponent field is 0, and one bit of the mantissa is set.
  for (std::uint32_t e = 0; e < 256; ++e)
    out[e] = std::bit_cast<float>(e < 2 ? 0x200000u << e : (e - 1) << 23);
  return out;
}();

/// u8 e, nibbles: fp4_doubled[q] · 2^(e − 128)
inline void dequantise_mxfp4(const std::byte* block, float* out) {
  const float scale = mxfp4_scales[std::to_integer<std::size_t>(block[0])];
  for (std::size_t i = 0; i < 32; ++i) out[i] = fp4_doubled[nibble(block + 1, i)] * scale;
}

/// An 8-bit float: one sign bit, four bits e, three bits m. The value is 2^(e − 7) · (1 + m / 8), or 2^-6 · m / 8 for e = 0.
/// There are no infinities: the largest value is 448, and 0x7f and 0xff are NaN.
constexpr float e4m3_to_float(std::uint32_t bits) {
  const std::uint32_t sign = (bits & 0x80) << 24, magnitude = bits & 0x7f;
  if (magnitude == 0x7f) return std::bit_cast<float>(sign | 0x7fc00000u);
  if (magnitude >= 8) return std::bit_cast<float>(sign | ((120u << 3) + magnitude) << 20);
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * 0x1p-9f));
}

/// e4m3_to_float() of each byte.
inline constexpr std::array<float, 256> e4m3_values = [] {
  std::array<float, 256> out{};
  for (std::uint32_t bits = 0; bits < 256; ++bits) out[bits] = e4m3_to_float(bits);
  return out;
}();

/// f32 d, e4m3 q[32]: q · d
inline void dequantise_f8_e4m3(const std::byte* block, float* out) {
  const float d = load_as<float>(block);
  for (std::size_t i = 0; i < 32; ++i) out[i] = e4m3_values[std::to_integer<std::size_t>(block[4 + i])] * d;
}

}  // namespace moe::inline MOE_ABI::detail
