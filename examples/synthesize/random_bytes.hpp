// SPDX-License-Identifier: MIT
// Random numbers in the bytes of a type.
#pragma once
#include <moe.hpp>

#include "detail/core/half.hpp"
#include "detail/extract/quantise.hpp"
#include "tensors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <span>
#include <vector>

/// Whether RandomBytes can write a type: every type that GGUF files have and the library multiplies.
inline bool can_synthesize(moe::DType type) { return type < moe::DType::f8_e4m3; }

/// Where the f16 scale of a block begins and, for types with offsets, where the f16 offset begins, in bytes.
struct BlockScales {
  std::size_t scale = 0, offset = 0;
  float offset_factor = 0;  // the mean factor of the offset in a number; 0: no offset
};

/// Knows the types that fill_blocks() writes.
inline BlockScales scales_of(moe::DType type) {
  using enum moe::DType;
  switch (type) {
    case q4_1:
    case q5_1: return {0, 2, 1};
    case q5_k: return {0, 2, -31.5f};
    case q3_k: return {108};
    default: return {0};
  }
}

inline void set_scales(moe::DType type, float scale, float offset, std::span<std::byte> blocks) {
  const BlockScales at = scales_of(type);
  for (std::size_t i = 0; i < blocks.size(); i += moe::detail::layout_of(type).bytes) {
    const auto set = [&](std::size_t where, float number) {
      const std::uint16_t half = moe::detail::float_to_f16(number);
      std::memcpy(&blocks[i + where], &half, sizeof half);
    };
    if (at.offset_factor != 0) set(at.offset, offset);
    set(at.scale, scale);
  }
}

/// Fills `out` with blocks of random bits, for types that the library does not quantise. The numbers have mean 0 and standard
/// deviation `deviation`.
inline void fill_blocks(std::mt19937& generator, moe::DType type, float deviation, std::span<std::byte> out) {
  for (std::byte& byte : out) byte = static_cast<std::byte>(generator());
  const auto [name, elements, bytes] = moe::detail::layout_of(type);
  if (type == moe::DType::mxfp4) {
    constexpr float deviation_of_fp4 = 2.93f;
    const auto exponent = static_cast<int>(std::lround(std::log2(deviation / deviation_of_fp4)));
    for (std::size_t i = 0; i < out.size(); i += bytes) out[i] = static_cast<std::byte>(127 + exponent);
    return;
  }
  set_scales(type, 1, 0, out);
  const std::vector<float> numbers =
      moe::detail::dequantise({out.data(), type, std::min(out.size() / bytes, std::size_t{4096}) * elements});
  const auto count = static_cast<float>(numbers.size());
  const float mean = std::accumulate(numbers.begin(), numbers.end(), 0.0f) / count;
  const float squares = std::inner_product(numbers.begin(), numbers.end(), numbers.begin(), 0.0f) / count;
  const float scale = deviation / std::sqrt(squares - mean * mean);
  const float factor = scales_of(type).offset_factor;
  set_scales(type, scale, factor != 0 ? -mean * scale / factor : 0, out);
}

/// Random numbers with mean 0. A pool of them is generated for each type at its first use, and is written again and again,
/// each time from another position, because generating numbers takes longer than writing them.
class RandomBytes {
 public:
  explicit RandomBytes(float deviation) : deviation_(deviation) {}

  void write(TensorOutput& output, moe::DType type, std::uint64_t bytes) {
    Pool& pool = pools_[static_cast<std::size_t>(type)];
    if (pool.bytes.empty()) generate(type, pool.bytes);
    while (bytes > 0) {
      const auto piece = std::min<std::uint64_t>(bytes, pool.bytes.size() - pool.at);
      output.write({pool.bytes.data() + pool.at, static_cast<std::size_t>(piece)});
      bytes -= piece;
      pool.at = (pool.at + static_cast<std::size_t>(piece)) % pool.bytes.size();
    }
    pool.at = (pool.at + 12345 * moe::detail::layout_of(type).bytes) % pool.bytes.size();
  }

 private:
  struct Pool {
    std::vector<std::byte> bytes;
    std::size_t at = 0;
  };

  void generate(moe::DType type, std::vector<std::byte>& out) const {
    constexpr std::size_t count = std::size_t{1} << 20;
    std::mt19937 generator(1);
    out.resize(moe::detail::bytes_of(type, count));
    if (!moe::detail::can_quantise(type)) return fill_blocks(generator, type, deviation_, out);
    std::normal_distribution<float> normal(0, deviation_);
    std::vector<float> numbers(count);
    for (float& number : numbers) number = normal(generator);
    moe::detail::quantise(numbers, type, out);
  }

  float deviation_;
  std::array<Pool, moe::detail::usable_dtypes> pools_;
};
