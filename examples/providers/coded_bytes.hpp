// SPDX-License-Identifier: MIT
// A lossless code for bytes of which few values are frequent.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

/// Bytes in a code of fixed lengths: 4 bits for each of the 15 most frequent values, 12 bits for all others. The upper bytes of
/// bf16 and f32 weights, which hold the exponent, have few frequent values.
class CodedBytes {
 public:
  explicit CodedBytes(const std::vector<std::uint8_t>& plain) : size_(plain.size()) {
    std::array<std::size_t, 256> counts{};
    for (const std::uint8_t value : plain) ++counts[value];
    std::array<std::uint8_t, 256> values{};
    std::iota(values.begin(), values.end(), std::uint8_t{0});
    std::partial_sort_copy(values.begin(), values.end(), frequent_.begin(), frequent_.end(),
                           [&](std::uint8_t a, std::uint8_t b) { return counts[a] > counts[b]; });
    codes_.resize((size_ + 1) / 2);
    for (std::size_t i = 0; i < size_; ++i) {
      const auto code = std::find(frequent_.begin(), frequent_.end(), plain[i]) - frequent_.begin();
      codes_[i / 2] = static_cast<std::uint8_t>(codes_[i / 2] | code << (i % 2 * 4));
      if (code == 15) others_.push_back(plain[i]);
    }
    if (stored_bytes() < size_) return;
    codes_.clear();  // the code saves nothing
    others_ = plain;
  }

  /// Writes the bytes to every stride-th byte of `out`.
  void decode(std::byte* out, std::size_t stride) const {
    const std::uint8_t* other = others_.data();
    for (std::size_t i = 0; i < size_; ++i) {
      const int code = codes_.empty() ? 15 : codes_[i / 2] >> (i % 2 * 4) & 15;
      out[i * stride] = std::byte(code == 15 ? *other++ : frequent_[static_cast<std::size_t>(code)]);
    }
  }

  std::size_t stored_bytes() const { return codes_.size() + others_.size(); }

 private:
  std::size_t size_;
  std::array<std::uint8_t, 15> frequent_{};
  std::vector<std::uint8_t> codes_, others_;  // two codes in a byte; the values of code 15, in their order
};
