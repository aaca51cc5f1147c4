// SPDX-License-Identifier: MIT
#pragma once
#include "bpe.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Bpe::Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
    : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), options_(options) {
  for (std::size_t byte = 0; byte < spelling_.size(); ++byte) {
    const char c = static_cast<char>(static_cast<unsigned char>(byte));
    spelling_[byte] = vocabulary_.find(std::string_view(&c, 1));
  }
}

MOE_INLINE Bpe::Bpe(Vocabulary vocabulary, MergeTable merges, TokenScores scores, ByteTokens bytes,
                    BpeOptions options)
    : vocabulary_(std::move(vocabulary)),
      merges_(std::move(merges)),
      options_(options),
      ranks_(std::move(scores.ranks)),
      spelling_(bytes),
      spells_characters_(true) {}

}  // namespace moe::inline MOE_ABI::detail
