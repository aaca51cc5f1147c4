// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "ngram_index.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The tokens of a text so far, counted and indexed. A text that continues the last text costs one comparison with the
/// last text, and then time for the new tokens only.
class TextHistory {
 public:
  /// ngram_size: of the n-grams that ban_repeated_ngrams() looks for; 0: none.
  explicit TextHistory(std::size_t ngram_size);

  /// Allocates the memory for texts of this many tokens.
  void reserve(std::size_t tokens);

  /// text: all tokens, the first `prompt_size` of which are the prompt. Ids outside of the vocabulary are not counted.
  void read(std::span<const TokenId> text, std::size_t prompt_size, std::size_t vocabulary_size);

  /// The distinct tokens of the text, in the order of their first occurrence.
  const std::vector<TokenId>& distinct() const { return distinct_; }

  /// How often a token occurs after the prompt.
  std::uint32_t generated(TokenId id) const { return generated_[id]; }

  /// Sets the scores of all tokens that would repeat an n-gram of the text to -inf.
  void ban_repeated_ngrams(std::span<double> scores) const;

 private:
  bool continued_by(std::span<const TokenId> text, std::size_t prompt_size,
                    std::size_t vocabulary_size) const;

  void clear(std::size_t prompt_size, std::size_t vocabulary_size);

  void count(TokenId id);

  std::size_t ngram_size_;
  std::optional<NgramIndex> ngrams_;
  std::size_t prompt_size_ = 0;
  std::vector<TokenId> text_;
  std::vector<TokenId> distinct_;
  std::vector<char> seen_;                // [vocabulary]
  std::vector<std::uint32_t> generated_;  // [vocabulary]
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "text_history.ipp"
#endif
