#include "detail/core/dequantise.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

using moe::DType;

namespace {

std::vector<std::byte> bytes_from(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

}  // namespace

TEST_CASE("dequantise: a q8_0 block is a scale and 32 signed bytes") {
  auto block = bytes_from({0x00, 0x38});  // 0.5
  for (int i = 0; i < 32; ++i) block.push_back(static_cast<std::byte>(i * 8 - 128));
  const std::vector<float> out = moe::dequantise({block.data(), DType::q8_0, 32});
  for (std::size_t i = 0; i < 32; ++i) CHECK(out[i] == (static_cast<float>(i) * 8 - 128) * 0.5f);
}

TEST_CASE("dequantise: a q4_0 block has the first half in the low nibbles") {
  auto block = bytes_from({0x00, 0x3c});  // 1
  for (int i = 0; i < 16; ++i) block.push_back(static_cast<std::byte>(i | (15 - i) << 4));
  const std::vector<float> out = moe::dequantise({block.data(), DType::q4_0, 32});
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(out[i] == static_cast<float>(i) - 8);
    CHECK(out[i + 16] == 7 - static_cast<float>(i));
  }
}

TEST_CASE("dequantise: floats of all kinds are read at odd addresses") {
  std::array<std::byte, 9> memory{};
  const float value = 1.5f;
  std::memcpy(&memory[1], &value, 4);
  CHECK(moe::dequantise({&memory[1], DType::f32, 1})[0] == 1.5f);
  memory[3] = std::byte{0x00}, memory[4] = std::byte{0x3e};
  CHECK(moe::dequantise({&memory[3], DType::f16, 1})[0] == 1.5f);
  memory[3] = std::byte{0xc0}, memory[4] = std::byte{0x3f};
  CHECK(moe::dequantise({&memory[3], DType::bf16, 1})[0] == 1.5f);
}
