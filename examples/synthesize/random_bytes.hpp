// SPDX-License-Identifier: MIT
// Random numbers in the bytes of a type.
#pragma once
#include <moe.hpp>

#include "detail/extract/quantise.hpp"
#include "tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

/// The types that RandomBytes can store.
inline bool can_synthesize(moe::DType type) {
  return moe::detail::can_quantise(type) || type == moe::DType::mxfp4;
}

/// Random blocks of mxfp4, which no function of the library quantises: a common exponent, and 32 four-bit floats of equal
/// probability.
inline void fill_mxfp4(std::mt19937& generator, float deviation, std::span<std::byte> out) {
  constexpr float deviation_of_fp4 = 2.93f;
  const auto exponent = static_cast<int>(std::lround(std::log2(deviation / deviation_of_fp4)));
  const std::size_t block = moe::detail::layout_of(moe::DType::mxfp4).bytes;
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::byte>(i % block == 0 ? 127 + exponent : static_cast<int>(generator() & 0xff));
}

/// Random numbers with mean 0. A pool of them is generated once, at the first use, and is written again and again, each time
/// from another position, because generating numbers takes longer than writing them.
class RandomBytes {
 public:
  RandomBytes(moe::DType type, float deviation) : type_(type), deviation_(deviation) {}

  void write(TensorOutput& output, std::uint64_t bytes) {
    if (bytes_.empty()) generate();
    while (bytes > 0) {
      const auto piece = std::min<std::uint64_t>(bytes, bytes_.size() - at_);
      output.write({bytes_.data() + at_, static_cast<std::size_t>(piece)});
      bytes -= piece;
      at_ = (at_ + static_cast<std::size_t>(piece)) % bytes_.size();
    }
    at_ = (at_ + 12345 * moe::detail::layout_of(type_).bytes) % bytes_.size();
  }

 private:
  void generate() {
    constexpr std::size_t count = std::size_t{1} << 20;
    std::mt19937 generator(1);
    bytes_.resize(moe::detail::bytes_of(type_, count));
    if (type_ == moe::DType::mxfp4) return fill_mxfp4(generator, deviation_, bytes_);
    std::normal_distribution<float> normal(0, deviation_);
    std::vector<float> numbers(count);
    for (float& number : numbers) number = normal(generator);
    moe::detail::quantise(numbers, type_, bytes_);
  }

  moe::DType type_;
  float deviation_;
  std::size_t at_ = 0;
  std::vector<std::byte> bytes_;
};
