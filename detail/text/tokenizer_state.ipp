// SPDX-License-Identifier: MIT
#pragma once
#include "tokenizer_state.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "notation.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

inline void require_token(const Vocabulary& vocabulary, TokenId id, std::string_view name,
                          std::string_view place) {
  if (!vocabulary.contains(id)) fail(name, place, "the id of a token", concat(id));
}

MOE_INLINE TokenizerState::TokenizerState(TokenizerParts parts)
    : normalization{.nfc = parts.nfc,
                    .spaces = parts.vocabulary.notation() == Notation::sentence_piece && !parts.late_spaces,
                    .add_text_space = parts.add_text_space},
      added(parts.added_tokens, normalization, parts.vocabulary, parts.name),
      bpe(parts.vocabulary.notation() == Notation::byte_level
              ? Bpe(std::move(parts.vocabulary), std::move(parts.merges), parts.bpe)
              : Bpe(std::move(parts.vocabulary), std::move(parts.merges), std::move(parts.scores),
                    parts.byte_tokens, parts.bpe)),
      pre(std::move(parts.pre)),
      left_out_at_begin(parts.left_out_at_begin),
      warnings(std::move(parts.warnings)),
      prefix(std::move(parts.prefix)),
      suffix(std::move(parts.suffix)) {
  const Vocabulary& vocabulary = bpe.vocabulary();
  if (parts.bpe.unknown) require_token(vocabulary, *parts.bpe.unknown, parts.name, "unknown token");
  for (const TokenId id : prefix) require_token(vocabulary, id, parts.name, "special tokens before a text");
  for (const TokenId id : suffix) require_token(vocabulary, id, parts.name, "special tokens after a text");
}

MOE_INLINE std::string TokenizerState::metaspaced(std::string_view part) const {
  std::string out;
  out.reserve(part.size() + 1);
  if (normalization.add_text_space) out += ' ';
  append_spaced(out, part);
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
