#pragma once
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/token.hpp"
#include "added_tokens.hpp"
#include "metaspace.hpp"
#include "nfc.hpp"
#include "vocabulary.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::detail {

/// All added tokens of a tokenizer: found in texts, by content and by id.
class AddedVocabulary {
 public:
  /// Gives each token that the vocabulary does not have a place in it. Ignores tokens without content. Throws
  /// an Error about the file `name` if two tokens have the same content, or different ones the same id.
  /// `nfc` and `add_text_space` are what normalizing does, to texts and tokens.
  AddedVocabulary(const std::vector<AddedToken>& tokens, bool nfc, bool add_text_space,
                  Vocabulary& vocabulary, std::string_view name) {
    const bool sentence_piece = vocabulary.notation() == Notation::sentence_piece;
    const TokenId largest = Vocabulary::largest_id(vocabulary.size() + tokens.size());
    std::vector<AddedToken> in_raw, in_normalized;
    for (AddedToken token : tokens) {
      if (token.content.empty()) continue;
      const std::string place = concat("added token \"", token.content, '"');
      if (token.id > largest) fail(name, place, concat("an id up to ", largest), concat(token.id));
      if (contents_.find_text(token.content)) fail(name, place, "one of that content", "two");
      contents_.add(token.id, token.content);
      const std::optional<TokenId> known = vocabulary.find_text(token.content);
      if (known && *known != token.id)
        fail(name, place, concat("its id in the vocabulary, ", *known), concat(token.id));
      // From here on it is what it is looked for as; since version 0.23 of tokenizers it is also decoded so.
      if (token.normalized && nfc) token.content = detail::nfc(token.content);
      if (!known && !vocabulary.add_apart(token.id, token.content))
        fail(name, place, "an id of its own", concat(token.id, ", the id of another token"));
      if (token.special) mark_special(token.id);
      if (token.normalized && sentence_piece) {
        // White space is no longer that of the text by then.
        if (token.lstrip || token.rstrip) fail(name, place, "no lstrip or rstrip if normalized", "one");
        std::string content(add_text_space ? 1 : 0, ' ');
        append_spaced(content, token.content);
        token.content = std::move(content);
      }
      (token.normalized ? in_normalized : in_raw).push_back(std::move(token));
    }
    in_raw_ = AddedTokenMatcher(std::move(in_raw));
    in_normalized_ = AddedTokenMatcher(std::move(in_normalized));
  }

  /// Those that are looked for before the text is normalized, and after.
  const AddedTokenMatcher& in_raw() const { return in_raw_; }
  const AddedTokenMatcher& in_normalized() const { return in_normalized_; }

  std::optional<TokenId> find(std::string_view content) const { return contents_.find_text(content); }

  bool is_special(TokenId id) const { return id < special_.size() && special_[id] != 0; }

 private:
  void mark_special(TokenId id) {
    if (id >= special_.size()) special_.resize(std::size_t{id} + 1);
    special_[id] = 1;
  }

  Vocabulary contents_;        // found by their content, before it is normalized
  std::vector<char> special_;  // [ids]; those after its end are not special
  AddedTokenMatcher in_raw_, in_normalized_;
};

}  // namespace moe::detail
