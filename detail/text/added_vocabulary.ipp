#pragma once
#include "added_vocabulary.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "metaspace.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE AddedVocabulary::AddedVocabulary(const std::vector<AddedToken>& tokens, bool nfc,
                                            bool add_text_space, Vocabulary& vocabulary,
                                            std::string_view name) {
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

MOE_INLINE void AddedVocabulary::mark_special(TokenId id) {
  if (id >= special_.size()) special_.resize(std::size_t{id} + 1);
  special_[id] = 1;
}

}  // namespace moe::inline MOE_ABI::detail
