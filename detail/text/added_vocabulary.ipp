// SPDX-License-Identifier: MIT
#pragma once
#include "added_vocabulary.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "nfc.hpp"
#include "notation.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The limit for the contents of all added tokens together: the automaton takes about 30 bytes of memory for each byte.
inline constexpr std::size_t most_added_bytes = std::size_t{16} << 20;

MOE_INLINE std::string Normalization::of(std::string_view text) const {
  std::string out(add_text_space ? 1 : 0, ' ');
  if (spaces) {
    append_spaced(out, text);
  } else {
    out += text;
  }
  return nfc ? detail::nfc(out) : out;
}

/// Whether the vocabulary has, under the id of `token`, the token of the byte that the content `<0x..>` names. find_text() does
/// not return tokens of bytes. If the vocabulary decodes such a token as its name, the bytes of the token are the name.
inline bool is_token_of_byte(const AddedToken& token, const Vocabulary& vocabulary) {
  const std::string_view bytes = vocabulary.bytes(token.id);
  if (!vocabulary.is_byte(token.id)) return byte_of_token(token.content) != no_byte && bytes == token.content;
  return byte_of_token(token.content) == static_cast<unsigned char>(bytes.front());
}

/// Adds the token to the vocabulary. SentencePiece decodes a token with the text `<0x0A>` as a byte, even if the token is
/// added.
inline void add_to_vocabulary(const AddedToken& token, Vocabulary& vocabulary) {
  const bool spells_bytes = vocabulary.notation() == Notation::sentence_piece;
  const int byte = spells_bytes ? byte_of_token(token.content) : no_byte;
  if (byte == no_byte) {
    vocabulary.add_apart(token.id, token.content);
  } else {
    vocabulary.add_byte(token.id, byte);
  }
}

/// The id of the token that find_text() finds; nothing if the vocabulary lacks the token, or has it as the token of a byte.
/// Throws if the id is too large, if the content occurs `twice`, or if the token contradicts the vocabulary.
inline std::optional<TokenId> check_added_token(const AddedToken& token, TokenId largest, bool twice,
                                                const Vocabulary& vocabulary, std::string_view name) {
  const std::string place = concat("added token \"", token.content, '"');
  if (token.id > largest) fail(name, place, concat("an id up to ", largest), concat(token.id));
  if (twice) fail(name, place, "one added token with this content", "two");
  const std::optional<TokenId> known = vocabulary.find_text(token.content);
  if (known && *known != token.id)
    fail(name, place, concat("its id in the vocabulary, ", *known), concat(token.id));
  if (!known && vocabulary.contains(token.id) && !is_token_of_byte(token, vocabulary))
    fail(name, place, "an id of its own", concat(token.id, ", the id of another token"));
  return known;
}

MOE_INLINE AddedVocabulary::AddedVocabulary(const std::vector<AddedToken>& tokens,
                                            const Normalization& normalization, Vocabulary& vocabulary,
                                            std::string_view name) {
  const TokenId largest = Vocabulary::largest_id(vocabulary.size() + tokens.size());
  std::vector<AddedToken> in_raw, in_normalized;
  std::size_t bytes = 0;
  for (AddedToken token : tokens) {
    if (token.content.empty()) continue;
    bytes += token.content.size();
    if (bytes > most_added_bytes)
      fail(name, "added tokens", concat("at most ", most_added_bytes, " bytes in all"),
           concat("at least ", bytes));
    const bool twice = contents_.find_text(token.content).has_value();
    const auto known = check_added_token(token, largest, twice, vocabulary, name);
    contents_.add(token.id, token.content);
    // Not only the search in texts uses the normalized content: a token that the vocabulary lacks is also decoded as this
    // content, as in Hugging Face's tokenizers from version 0.23 on.
    if (token.normalized) token.content = normalization.of(token.content);
    if (!known) add_to_vocabulary(token, vocabulary);
    if (token.special) mark_special(token.id);
    (token.normalized ? in_normalized : in_raw).push_back(std::move(token));
  }
  in_raw_ = AddedTokenMatcher(std::move(in_raw));
  in_normalized_ = AddedTokenMatcher(std::move(in_normalized), normalization.spaces);
}

MOE_INLINE void AddedVocabulary::mark_special(TokenId id) {
  if (id >= special_.size()) special_.resize(std::size_t{id} + 1);
  special_[id] = 1;
}

}  // namespace moe::inline MOE_ABI::detail
