// SPDX-License-Identifier: MIT
#pragma once
#include "ngram_index.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace moe::inline MOE_ABI::detail {

// 2^64 / golden ratio, odd: the base of the rolling hash, and the factor of Fibonacci hashing (Knuth, TAOCP 6.4).
inline constexpr std::uint64_t golden_multiplier = 0x9e3779b97f4a7c15;

MOE_INLINE NgramIndex::NgramIndex(std::size_t n) : prefix_(n - 1) {
  // Computes power_ = golden_multiplier^(n - 2) by repeated squaring, because n may be very large.
  std::uint64_t square = golden_multiplier;
  for (std::size_t exponent = prefix_ - 1; exponent > 0; exponent /= 2, square *= square)
    if (exponent % 2 == 1) power_ *= square;
  set_buckets(1);
}

MOE_INLINE void NgramIndex::clear() {
  hash_ = 0;
  hashes_.clear();
  earlier_.clear();
  std::fill(newest_.begin(), newest_.end(), 0);
}

MOE_INLINE void NgramIndex::reserve(std::size_t tokens) {
  hashes_.reserve(tokens);
  earlier_.reserve(tokens);
  if (tokens > newest_.size()) set_buckets(tokens);
}

MOE_INLINE void NgramIndex::extend(std::span<const TokenId> text) {
  if (text.size() > newest_.size()) set_buckets(2 * text.size());
  for (std::size_t i = hashes_.size(); i < text.size(); ++i) {
    hashes_.push_back(hash_);
    earlier_.push_back(0);
    if (i >= prefix_) {
      link(i);
      hash_ -= (std::uint64_t{text[i - prefix_]} + 1) * power_;
    }
    hash_ = hash_ * golden_multiplier + text[i] + 1;
  }
}

MOE_INLINE void NgramIndex::ban_repetitions(std::span<const TokenId> text, std::span<double> scores) const {
  if (text.size() < prefix_) return;
  const auto last = text.last(prefix_);
  for (std::uint32_t next = newest_[bucket(hash_)]; next != 0; next = earlier_[next - 1]) {
    const std::size_t position = next - 1;
    const TokenId id = text[position];
    // The cheap checks come first. A token that is banned already needs no comparison, so std::equal() is true at most once for
    // each token of the vocabulary.
    if (hashes_[position] != hash_ || id >= scores.size() || std::isinf(scores[id])) continue;
    if (std::equal(last.begin(), last.end(), text.subspan(position - prefix_).begin()))
      scores[id] = -std::numeric_limits<double>::infinity();
  }
}

MOE_INLINE std::size_t NgramIndex::bucket(std::uint64_t hash) const {
  return static_cast<std::size_t>(hash * golden_multiplier >> (64 - bits_));
}

MOE_INLINE void NgramIndex::set_buckets(std::size_t tokens) {
  bits_ = static_cast<unsigned>(std::bit_width(tokens));
  newest_.assign(std::size_t{1} << bits_, 0);
  for (std::size_t i = prefix_; i < hashes_.size(); ++i) link(i);
}

MOE_INLINE void NgramIndex::link(std::size_t position) {
  std::uint32_t& newest = newest_[bucket(hashes_[position])];
  earlier_[position] = newest;
  newest = static_cast<std::uint32_t>(position + 1);
}

}  // namespace moe::inline MOE_ABI::detail
