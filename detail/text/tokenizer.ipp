// SPDX-License-Identifier: MIT
#pragma once
#include "tokenizer.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "nfc.hpp"
#include "notation.hpp"
#include "piece_encoder.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE Tokenizer::Tokenizer(detail::TokenizerParts parts)
    : normalization_{.nfc = parts.nfc,
                     .spaces = parts.vocabulary.notation() == detail::Notation::sentence_piece &&
                               !parts.late_spaces,
                     .add_text_space = parts.add_text_space},
      added_(parts.added_tokens, normalization_, parts.vocabulary, parts.name),
      bpe_(parts.vocabulary.notation() == detail::Notation::byte_level
               ? detail::Bpe(std::move(parts.vocabulary), std::move(parts.merges), parts.bpe)
               : detail::Bpe(std::move(parts.vocabulary), std::move(parts.merges), std::move(parts.scores),
                             parts.byte_tokens, parts.bpe)),
      pre_(std::move(parts.pre)),
      left_out_at_begin_(parts.left_out_at_begin),
      warnings_(std::move(parts.warnings)),
      prefix_(std::move(parts.prefix)),
      suffix_(std::move(parts.suffix)) {
  if (parts.bpe.unknown) require_token(*parts.bpe.unknown, parts.name, "unknown token");
  for (const TokenId id : prefix_) require_token(id, parts.name, "special tokens before a text");
  for (const TokenId id : suffix_) require_token(id, parts.name, "special tokens after a text");
}

MOE_INLINE std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  detail::expect(text.size() < std::size_t{1} << 30, "tokenizer", "text", "less than 1 GiB", "more");
  std::vector<TokenId> out;
  if (options.add_special_tokens)
    for (const TokenId id : prefix_) out.push_back(id);
  std::deque<std::string> normalized;  // parts; the encoder keeps views of them, so they must never move
  detail::PieceEncoder encoder(bpe_, pre_, text.size(), out);
  bool at_begin = true;
  const auto on_token = [&](TokenId id) {
    out.push_back(id);
    at_begin = false;
  };
  const auto on_text = [&](std::string_view part) {
    if (bpe_.spells_characters() && !normalization_.spaces) part = normalized.emplace_back(metaspaced(part));
    encoder.append(part, at_begin);
    at_begin = false;
  };
  const auto on_raw_text = [&](std::string_view part) {
    if (normalization_.spaces) part = normalized.emplace_back(metaspaced(part));
    if (normalization_.nfc && !detail::is_surely_nfc(part)) part = normalized.emplace_back(detail::nfc(part));
    added_.in_normalized().split(part, on_text, on_token);
  };
  added_.in_raw().split(text, on_raw_text, on_token);
  if (options.add_special_tokens)
    for (const TokenId id : suffix_) out.push_back(id);
  return out;
}

MOE_INLINE std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string out;
  detail::TokenStream stream(bpe_, left_out_at_begin_);
  for (const TokenId id : ids)
    if (!skip_special || !is_special(id)) stream.write(id, out);
  stream.finish(out);
  return out;
}

MOE_INLINE std::optional<TokenId> Tokenizer::id_of(std::string_view text) const {
  if (const std::optional<TokenId> added = added_.find(text)) return added;
  return bpe_.vocabulary().find(text);
}

MOE_INLINE std::string Tokenizer::metaspaced(std::string_view part) const {
  std::string out;
  out.reserve(part.size() + 1);
  if (normalization_.add_text_space) out += ' ';
  detail::append_spaced(out, part);
  return out;
}

MOE_INLINE void Tokenizer::require_token(TokenId id, std::string_view name, std::string_view place) const {
  if (!bpe_.vocabulary().contains(id)) detail::fail(name, place, "the id of a token", detail::concat(id));
}

}  // namespace moe::inline MOE_ABI
