// SPDX-License-Identifier: MIT
#pragma once
#include "text_history.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE TextHistory::TextHistory(std::size_t ngram_size) : ngram_size_(ngram_size) {
  if (ngram_size > 1) ngrams_.emplace(ngram_size);
}

MOE_INLINE void TextHistory::reserve(std::size_t tokens) {
  text_.reserve(tokens);
  if (ngrams_) ngrams_->reserve(tokens);
}

MOE_INLINE void TextHistory::read(std::span<const TokenId> text, std::size_t prompt_size,
                                  std::size_t vocabulary_size) {
  if (!continued_by(text, prompt_size, vocabulary_size)) clear(prompt_size, vocabulary_size);
  for (const TokenId id : text.subspan(text_.size())) {
    count(id);
    text_.push_back(id);
  }
  if (ngrams_) ngrams_->extend(text_);
}

MOE_INLINE void TextHistory::ban_repeated_ngrams(std::span<double> scores) const {
  if (ngrams_) return ngrams_->ban_repetitions(text_, scores);
  if (ngram_size_ == 1)
    for (const TokenId id : distinct_) scores[id] = -std::numeric_limits<double>::infinity();
}

MOE_INLINE bool TextHistory::continued_by(std::span<const TokenId> text, std::size_t prompt_size,
                                          std::size_t vocabulary_size) const {
  return prompt_size == prompt_size_ && vocabulary_size == seen_.size() && text.size() >= text_.size() &&
         std::equal(text_.begin(), text_.end(), text.begin());
}

MOE_INLINE void TextHistory::clear(std::size_t prompt_size, std::size_t vocabulary_size) {
  if (ngrams_) ngrams_->clear();
  prompt_size_ = prompt_size;
  text_.clear();
  distinct_.clear();
  distinct_.reserve(vocabulary_size);
  seen_.assign(vocabulary_size, 0);
  generated_.assign(vocabulary_size, 0);
}

MOE_INLINE void TextHistory::count(TokenId id) {
  if (id >= seen_.size()) return;
  if (!seen_[id]) distinct_.push_back(id);
  seen_[id] = 1;
  if (text_.size() >= prompt_size_) ++generated_[id];
}

}  // namespace moe::inline MOE_ABI::detail
