// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/dtype.hpp"
#include "detail/core/half.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

/// All types whose blocks hold several numbers.
inline constexpr moe::DType block_types[] = {
    moe::DType::q8_0,   moe::DType::q5_0,   moe::DType::q4_0,  moe::DType::q5_1,   moe::DType::q4_1,
    moe::DType::q6_k,   moe::DType::q5_k,   moe::DType::q4_k,  moe::DType::q3_k,   moe::DType::q2_k,
    moe::DType::iq4_nl, moe::DType::iq4_xs, moe::DType::mxfp4, moe::DType::f8_e4m3};

/// Where the f16 numbers of a block begin, in bytes: first scales, then numbers that are added or subtracted.
inline std::vector<std::size_t> halves_of(moe::DType dtype) {
  switch (dtype) {
    case moe::DType::q4_1:
    case moe::DType::q5_1:
    case moe::DType::q4_k:
    case moe::DType::q5_k: return {0, 2};
    case moe::DType::q2_k: return {80, 82};
    case moe::DType::q3_k: return {108};
    case moe::DType::q6_k: return {208};
    case moe::DType::mxfp4:
    case moe::DType::f8_e4m3: return {};
    default: return {0};
  }
}

/// `offset` filler bytes, then `numbers` numbers in blocks of random bits. Magnitudes of scales lie between 1/128 and 1, for
/// f8_e4m3 between 1/4096 and 1/64; f16 scales have either sign. No number is NaN.
inline std::vector<std::byte> random_blocks(moe::DType dtype, std::size_t numbers, std::uint32_t seed,
                                            std::size_t offset) {
  std::mt19937 random(seed);
  std::vector<std::byte> out(offset + moe::detail::bytes_of(dtype, numbers));
  for (std::byte& byte : out) byte = static_cast<std::byte>(random());
  for (std::size_t at = offset; at < out.size(); at += moe::detail::layout_of(dtype).bytes) {
    for (const std::size_t half : halves_of(dtype)) {
      const float magnitude = static_cast<float>(1 + random() % 64) / 64;
      const std::uint16_t bits = moe::detail::float_to_f16(random() % 2 != 0 ? magnitude : -magnitude);
      std::memcpy(&out[at + half], &bits, sizeof bits);
    }
    if (dtype == moe::DType::mxfp4) out[at] = static_cast<std::byte>(120 + random() % 8);
    if (dtype != moe::DType::f8_e4m3) continue;
    const float scale = static_cast<float>(1 + random() % 64) / 4096;
    std::memcpy(&out[at], &scale, sizeof scale);
    for (std::size_t i = at + 4; i < at + 36; ++i)
      if ((out[i] & std::byte{0x7f}) == std::byte{0x7f}) out[i] = std::byte{0x38};
  }
  return out;
}
