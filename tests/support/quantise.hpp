// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/dtype.hpp"
#include "detail/core/half.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

// Encoders for tests. They round to nearest, like the reference encoders of the formats.

inline void encode_q8_0(std::span<const float> x, std::byte* block) {
  float most = 0;
  for (const float v : x) most = std::max(most, std::abs(v));
  const float scale = most / 127;
  const std::uint16_t half = moe::detail::float_to_f16(scale);
  std::memcpy(block, &half, 2);
  for (std::size_t i = 0; i < 32; ++i)
    block[2 + i] = static_cast<std::byte>(static_cast<int>(std::round(scale > 0 ? x[i] * (1 / scale) : 0)));
}

inline void encode_q4_0(std::span<const float> x, std::byte* block) {
  float most = 0;
  for (const float v : x)
    if (std::abs(v) > std::abs(most)) most = v;
  const float scale = most / -8;
  const std::uint16_t half = moe::detail::float_to_f16(scale);
  std::memcpy(block, &half, 2);
  const auto quant = [&](float v) {
    return std::min(15, static_cast<int>((scale != 0 ? v * (1 / scale) : 0) + 8.5f));
  };
  for (std::size_t i = 0; i < 16; ++i)
    block[2 + i] = static_cast<std::byte>(quant(x[i]) | quant(x[i + 16]) << 4);
}

/// `offset` filler bytes, then the bytes of `x` stored as `dtype`: f32, f16, bf16, q8_0 or q4_0. x.size() is a multiple of the
/// block size.
inline std::vector<std::byte> encode(moe::DType dtype, std::span<const float> x, std::size_t offset = 0) {
  const auto [name, elements, bytes] = moe::detail::layout_of(dtype);
  std::vector<std::byte> out(offset + moe::detail::bytes_of(dtype, x.size()), std::byte{0xa5});
  std::byte* block = out.data() + offset;
  for (std::size_t i = 0; i < x.size(); i += elements, block += bytes) {
    const std::uint16_t f16 = moe::detail::float_to_f16(x[i]);
    const std::uint16_t bf16 = moe::detail::float_to_bf16(x[i]);
    switch (dtype) {
      case moe::DType::f32: std::memcpy(block, &x[i], 4); break;
      case moe::DType::f16: std::memcpy(block, &f16, 2); break;
      case moe::DType::bf16: std::memcpy(block, &bf16, 2); break;
      case moe::DType::q8_0: encode_q8_0(x.subspan(i, 32), block); break;
      case moe::DType::q4_0: encode_q4_0(x.subspan(i, 32), block); break;
      default: break;
    }
  }
  return out;
}
