// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Finds the tokens that would repeat an n-gram of a growing text. A hash table with separate chaining: the key is the n - 1
/// tokens before a position, by the polynomial rolling hash of Karp & Rabin 1987. A new token costs amortised constant time, a
/// search costs time in proportion to the earlier occurrences of the last n - 1 tokens.
class NgramIndex {
 public:
  /// n: at least 2.
  explicit NgramIndex(std::size_t n);

  void clear();

  /// Allocates the memory for a text of this many tokens, below 2^32.
  void reserve(std::size_t tokens);

  /// Reads the tokens of `text` after the tokens that were read before.
  void extend(std::span<const TokenId> text);

  /// Sets the scores of all tokens that would repeat an n-gram of `text` to -inf. text: the tokens that extend() has read.
  void ban_repetitions(std::span<const TokenId> text, std::span<double> scores) const;

 private:
  std::size_t bucket(std::uint64_t hash) const;

  void set_buckets(std::size_t tokens);

  /// Makes a position the first of its chain.
  void link(std::size_t position);

  std::size_t prefix_;                  // n - 1
  std::uint64_t power_ = 1;             // the factor of the oldest of n - 1 tokens in their hash
  std::uint64_t hash_ = 0;              // of the last n - 1 tokens
  unsigned bits_ = 0;                   // there are 2^bits_ buckets
  std::vector<std::uint64_t> hashes_;   // by position: of the n - 1 tokens before
  std::vector<std::uint32_t> earlier_;  // by position: the next position of the chain + 1, or 0 at its end
  std::vector<std::uint32_t> newest_;   // by bucket: the first position of the chain + 1, or 0
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "ngram_index.ipp"
#endif
