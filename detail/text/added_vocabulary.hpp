#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "added_tokens.hpp"
#include "nfc.hpp"
#include "vocabulary.hpp"

#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// All added tokens of a tokenizer: found in texts, by content and by id.
class AddedVocabulary {
 public:
  /// Gives each token that the vocabulary does not have a place in it. Ignores tokens without content. Throws
  /// an Error about the file `name` if two tokens have the same content, or different ones the same id.
  /// `nfc` and `add_text_space` are what normalizing does, to texts and tokens.
  AddedVocabulary(const std::vector<AddedToken>& tokens, bool nfc, bool add_text_space,
                  Vocabulary& vocabulary, std::string_view name);

  /// Those that are looked for before the text is normalized, and after.
  const AddedTokenMatcher& in_raw() const { return in_raw_; }
  const AddedTokenMatcher& in_normalized() const { return in_normalized_; }

  std::optional<TokenId> find(std::string_view content) const { return contents_.find_text(content); }

  bool is_special(TokenId id) const { return id < special_.size() && special_[id] != 0; }

 private:
  void mark_special(TokenId id);

  Vocabulary contents_;        // found by their content, before it is normalized
  std::vector<char> special_;  // [ids]; those after its end are not special
  AddedTokenMatcher in_raw_, in_normalized_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "added_vocabulary.ipp"
#endif
