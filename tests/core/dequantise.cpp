// SPDX-License-Identifier: MIT
#include "detail/core/dequantise.hpp"
#include "detail/core/blocks_of_32.hpp"
#include "detail/core/half.hpp"
#include "support/random_blocks.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

using moe::DType;

namespace {

std::vector<std::byte> bytes_from(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

/// An independent implementation of the definitions: value i of a block in double precision, which is exact for all types.
struct Reference {
  const std::vector<std::byte>& block;

  int u8(std::size_t at) const { return std::to_integer<int>(block[at]); }
  int i8(std::size_t at) const { return u8(at) < 128 ? u8(at) : u8(at) - 256; }
  int u16(std::size_t at) const { return u8(at) + 256 * u8(at + 1); }
  double f16(std::size_t at) const { return moe::detail::f16_to_float(static_cast<std::uint16_t>(u16(at))); }
  int bit(std::size_t at, std::size_t i) const { return u8(at + i / 8) >> (i % 8) & 1; }
  int nibble(std::size_t at, std::size_t i) const { return i < 16 ? u8(at + i) % 16 : u8(at + i - 16) / 16; }

  static double iq4(int q) {
    const double steps[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    return steps[q];
  }

  static double e4m3(int byte) {
    const int e = byte >> 3 & 15, m = byte & 7;
    const double magnitude = e == 0 ? std::ldexp(m, -9) : std::ldexp(8 + m, e - 10);
    return byte < 128 ? magnitude : -magnitude;
  }

  /// The formula of q4_k and q5_k for a value q in group g: d · scale · q − dmin · offset.
  double with_group(std::size_t g, int q) const {
    int scale = 0, offset = 0;
    if (g < 4) {
      scale = u8(4 + g) % 64;
      offset = u8(4 + g + 4) % 64;
    } else {
      scale = u8(4 + g + 4) % 16 + 16 * (u8(4 + g - 4) / 64);
      offset = u8(4 + g + 4) / 16 + 16 * (u8(4 + g) / 64);
    }
    return f16(0) * scale * q - f16(2) * offset;
  }

  double value(DType dtype, std::size_t i) const {
    const std::size_t n = i / 128, j = i % 128 / 32, l = i % 32, g = i / 32, k = 8 * n + 2 * j + l / 16;
    switch (dtype) {
      case DType::q8_0: return i8(2 + i) * f16(0);
      case DType::q4_0: return (nibble(2, i) - 8) * f16(0);
      case DType::q4_1: return nibble(4, i) * f16(0) + f16(2);
      case DType::q5_0: return (nibble(6, i) + 16 * bit(2, i) - 16) * f16(0);
      case DType::q5_1: return (nibble(8, i) + 16 * bit(4, i)) * f16(0) + f16(2);
      case DType::iq4_nl: return f16(0) * iq4(nibble(2, i));
      case DType::mxfp4: {
        const double numbers[] = {0, .5, 1, 1.5, 2, 3, 4, 6, 0, -.5, -1, -1.5, -2, -3, -4, -6};
        return std::ldexp(numbers[nibble(1, i)], u8(0) - 127);
      }
      case DType::f8_e4m3: {
        float scale = 0;
        std::memcpy(&scale, block.data(), 4);
        return double{scale} * e4m3(u8(4 + i));
      }
      case DType::q2_k: {
        const int q = u8(16 + 32 * n + l) >> 2 * j & 3;
        return f16(80) * (u8(k) % 16) * q - f16(82) * (u8(k) / 16);
      }
      case DType::q3_k: {
        const int low = k < 8 ? u8(96 + k) % 16 : u8(96 + k - 8) / 16;
        const int scale = low + 16 * (u8(96 + 8 + k % 4) >> 2 * (k / 4) & 3) - 32;
        const int q = (u8(32 + 32 * n + l) >> 2 * j & 3) - ((u8(l) >> (4 * n + j) & 1) == 1 ? 0 : 4);
        return f16(108) * scale * q;
      }
      case DType::q4_k: return with_group(g, u8(16 + 32 * (g / 2) + l) >> 4 * (g % 2) & 15);
      case DType::q5_k:
        return with_group(g, (u8(48 + 32 * (g / 2) + l) >> 4 * (g % 2) & 15) + 16 * (u8(16 + l) >> g & 1));
      case DType::q6_k: {
        const int b = u8(64 * n + 32 * (j % 2) + l);
        const int q = (j < 2 ? b % 16 : b / 16) + 16 * (u8(128 + 32 * n + l) >> 2 * j & 3) - 32;
        return f16(208) * i8(192 + k) * q;
      }
      case DType::iq4_xs: {
        const int scale = (u8(4 + g / 2) >> 4 * (g % 2) & 15) + 16 * (u16(2) >> 2 * g & 3);
        return f16(0) * (scale - 32) * iq4(nibble(8 + 16 * g, l));
      }
      default: return 0;
    }
  }
};

}  // namespace

TEST_CASE("dequantise: a q8_0 block is a scale and 32 signed bytes") {
  auto block = bytes_from({0x00, 0x38});  // 0.5
  for (int i = 0; i < 32; ++i) block.push_back(static_cast<std::byte>(i * 8 - 128));
  const std::vector<float> out = moe::detail::dequantise({block.data(), DType::q8_0, 32});
  for (std::size_t i = 0; i < 32; ++i) CHECK(out[i] == (static_cast<float>(i) * 8 - 128) * 0.5f);
}

TEST_CASE("dequantise: a q4_0 block has its first 16 values in the low nibbles") {
  auto block = bytes_from({0x00, 0x3c});  // 1
  for (int i = 0; i < 16; ++i) block.push_back(static_cast<std::byte>(i | (15 - i) << 4));
  const std::vector<float> out = moe::detail::dequantise({block.data(), DType::q4_0, 32});
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(out[i] == static_cast<float>(i) - 8);
    CHECK(out[i + 16] == 7 - static_cast<float>(i));
  }
}

TEST_CASE("dequantise: f32, f16 and bf16 are read at odd addresses") {
  std::array<std::byte, 9> memory{};
  const float value = 1.5f;
  std::memcpy(&memory[1], &value, 4);
  CHECK(moe::detail::dequantise({&memory[1], DType::f32, 1})[0] == 1.5f);
  memory[3] = std::byte{0x00}, memory[4] = std::byte{0x3e};
  CHECK(moe::detail::dequantise({&memory[3], DType::f16, 1})[0] == 1.5f);
  memory[3] = std::byte{0xc0}, memory[4] = std::byte{0x3f};
  CHECK(moe::detail::dequantise({&memory[3], DType::bf16, 1})[0] == 1.5f);
}

TEST_CASE(
    "dequantise: every block type has the bits of its definition, for random blocks and extreme scales") {
  std::mt19937 random(11);
  for (const DType dtype : block_types) {
    CAPTURE(moe::detail::name(dtype));
    const auto [name, elements, bytes] = moe::detail::layout_of(dtype);
    for (int round = 0; round < 400; ++round) {
      std::vector<std::byte> block(bytes);
      for (std::byte& b : block) b = static_cast<std::byte>(random());
      for (const std::size_t at : halves_of(dtype)) {
        const std::uint16_t extremes[] = {0, 0x8000, 1, 0x83ff, 0x0400, 0x7bff, 0xfbff, 0x3c00};
        const auto any = static_cast<std::uint16_t>(random());
        const std::uint16_t half = round % 2 != 0             ? extremes[random() % 8]
                                   : (any & 0x7c00) == 0x7c00 ? 0x3555
                                                              : any;
        std::memcpy(&block[at], &half, 2);
      }
      if (dtype == DType::mxfp4 && round < 254)
        block[0] = static_cast<std::byte>(round);  // a larger exponent gives infinity
      if (dtype == DType::mxfp4 && round >= 254) block[0] = std::byte{1};
      if (dtype == DType::f8_e4m3) {
        block = random_blocks(dtype, 32, static_cast<std::uint32_t>(round), 0);
        const float scales[] = {0, -0x1p-140f, 0x1p-126f, 3, 0x1p119f};
        std::memcpy(block.data(), &scales[round % 5], 4);
      }
      std::vector<std::byte> apart(1 + bytes);  // at an odd address
      std::memcpy(&apart[1], block.data(), bytes);
      const std::vector<float> out = moe::detail::dequantise({&apart[1], dtype, elements});
      for (std::size_t i = 0; i < elements; ++i) {
        const auto expected = static_cast<float>(Reference{block}.value(dtype, i));
        CAPTURE(i);
        REQUIRE(out[i] == expected);
      }
    }
  }
}

TEST_CASE("dequantise: offsets are added in q4_1 and subtracted in q4_k") {
  // 0x3800 is 0.5, 0x3c00 is 1, 0x4000 is 2.
  auto q4_1 = bytes_from({0x00, 0x38, 0x00, 0x3c});
  for (int i = 0; i < 16; ++i) q4_1.push_back(std::byte{0x73});
  CHECK(moe::detail::dequantise({q4_1.data(), DType::q4_1, 32})[0] == 3 * 0.5f + 1);
  CHECK(moe::detail::dequantise({q4_1.data(), DType::q4_1, 32})[31] == 7 * 0.5f + 1);

  auto q4_k = bytes_from({0x00, 0x38, 0x00, 0x40,             // d 0.5, dmin 2
                          63, 1, 1, 1 | 0x80, 5, 1, 1, 0x40,  // groups 0 to 3, and the upper bits of 7
                          0, 0, 0, 0xab});                    // group 7: scale 2·16 + 11, offset 1·16 + 10
  for (int i = 0; i < 128; ++i) q4_k.push_back(std::byte{0x96});
  const std::vector<float> out = moe::detail::dequantise({q4_k.data(), DType::q4_k, 256});
  CHECK(out[0] == 0.5f * 63 * 6 - 2 * 5);
  CHECK(out[255] == 0.5f * 43 * 9 - 2 * 26);
  CHECK(out[32] == 0.5f * 1 * 9 - 2 * 1);
}

TEST_CASE("dequantise: mxfp4 has the values of a four-bit float, also with subnormal scales") {
  std::vector<std::byte> block(17);
  for (int i = 0; i < 16; ++i) block[static_cast<std::size_t>(1 + i)] = static_cast<std::byte>(i | i << 4);
  for (const int e : {0, 1, 2, 127, 254}) {
    block[0] = static_cast<std::byte>(e);
    const std::vector<float> out = moe::detail::dequantise({block.data(), DType::mxfp4, 32});
    const float numbers[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    for (std::size_t i = 0; i < 8; ++i) {
      CHECK(out[i] == std::ldexp(numbers[i], e - 127));
      CHECK(out[i + 24] == -std::ldexp(numbers[i], e - 127));
    }
  }
}

TEST_CASE("dequantise: every byte of f8_e4m3 has the value of an 8-bit float, with two NaN and no infinity") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    std::vector<std::byte> block(36, static_cast<std::byte>(byte));
    const float scale = 2;
    std::memcpy(block.data(), &scale, 4);
    const std::vector<float> out = moe::detail::dequantise({block.data(), DType::f8_e4m3, 32});
    const double expected = 2 * Reference::e4m3(byte);
    for (const float value : out) {
      if (byte % 128 == 127) CHECK(std::isnan(value));
      if (byte % 128 != 127) CHECK(value == expected);
      CHECK(std::signbit(value) == (byte >= 128));
    }
  }
  CHECK(moe::detail::e4m3_to_float(0x7e) == 448);
  CHECK(moe::detail::e4m3_to_float(0x81) == -0x1p-9f);
}
