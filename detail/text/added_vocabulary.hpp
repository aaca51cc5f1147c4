// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "added_tokens.hpp"
#include "vocabulary.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The normalization of texts. Added tokens with AddedToken::normalized are searched for after the normalization, other added
/// tokens before it.
struct Normalization {
  bool nfc = false;
  bool spaces = false;          // SentencePiece: each ▁ becomes a space
  bool add_text_space = false;  // with `spaces`: puts a space before the text

  std::string of(std::string_view text) const;
};

/// Finds the added tokens of a tokenizer: in texts, and by their content.
class AddedVocabulary {
 public:
  /// Adds to the vocabulary, by add_apart() or add_byte(), each token that the vocabulary lacks. Ignores tokens without content.
  /// Throws an Error about the file `name` if two tokens have equal content, if the id of a token is too large, belongs to
  /// another token or differs from the id of the same content in the vocabulary, or if the contents are too long. The content
  /// of normalized tokens is normalized.
  AddedVocabulary(const std::vector<AddedToken>& tokens, const Normalization& normalization,
                  Vocabulary& vocabulary, std::string_view name);

  /// Finds the tokens that are searched for before normalization.
  const AddedTokenMatcher& in_raw() const { return in_raw_; }
  /// Finds the tokens that are searched for after normalization.
  const AddedTokenMatcher& in_normalized() const { return in_normalized_; }

  std::optional<TokenId> find(std::string_view content) const { return contents_.find_text(content); }

  bool is_special(TokenId id) const { return id < special_.size() && special_[id] != 0; }

 private:
  void mark_special(TokenId id);

  Vocabulary contents_;        // finds tokens by their content before normalization
  std::vector<char> special_;  // [ids]; ids beyond its end are not special
  AddedTokenMatcher in_raw_, in_normalized_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "added_vocabulary.ipp"
#endif
