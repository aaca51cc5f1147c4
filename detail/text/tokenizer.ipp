// SPDX-License-Identifier: MIT
#pragma once
#include "tokenizer.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "nfc.hpp"
#include "piece_encoder.hpp"
#include "token_stream.hpp"
#include "tokenizer_files.hpp"
#include "tokenizer_state.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE Tokenizer::Tokenizer(const std::string& path) : Tokenizer(detail::read_tokenizer(path)) {}

MOE_INLINE Tokenizer::Tokenizer(detail::TokenizerParts parts)
    : state_(std::make_shared<const detail::TokenizerState>(std::move(parts))) {}

MOE_INLINE std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  if (text.size() >= std::size_t{1} << 30)
    detail::fail("tokenizer", "text", "less than 1 GiB", detail::concat(text.size(), " bytes"));
  const detail::TokenizerState& state = *state_;
  std::vector<TokenId> out;
  if (options.add_special_tokens) out = state.prefix;
  std::deque<std::string> normalized;  // parts; the encoder keeps views of them, so they must never move
  detail::PieceEncoder encoder(state.bpe, state.pre, text.size(), out);
  bool at_begin = true;
  const auto on_token = [&](TokenId id) {
    out.push_back(id);
    at_begin = false;
  };
  const auto on_text = [&](std::string_view part) {
    if (state.bpe.spells_characters() && !state.normalization.spaces)
      part = normalized.emplace_back(state.metaspaced(part));
    encoder.append(part, at_begin);
    at_begin = false;
  };
  const auto on_raw_text = [&](std::string_view part) {
    if (state.normalization.spaces) part = normalized.emplace_back(state.metaspaced(part));
    if (state.normalization.nfc && !detail::is_surely_nfc(part))
      part = normalized.emplace_back(detail::nfc(part));
    state.added.in_normalized().split(part, on_text, on_token);
  };
  state.added.in_raw().split(text, on_raw_text, on_token);
  if (options.add_special_tokens) out.insert(out.end(), state.suffix.begin(), state.suffix.end());
  return out;
}

MOE_INLINE std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string out;
  detail::TokenStream stream(bpe(), left_out_at_begin());
  for (const TokenId id : ids)
    if (!skip_special || !is_special(id)) stream.write(id, out);
  stream.finish(out);
  return out;
}

MOE_INLINE const detail::Bpe& Tokenizer::bpe() const { return state_->bpe; }

MOE_INLINE detail::SpaceAtBegin Tokenizer::left_out_at_begin() const { return state_->left_out_at_begin; }

MOE_INLINE const std::vector<std::string>& Tokenizer::warnings() const { return state_->warnings; }

MOE_INLINE std::string_view Tokenizer::bytes(TokenId id) const { return bpe().vocabulary().bytes(id); }

MOE_INLINE bool Tokenizer::is_special(TokenId id) const { return state_->added.is_special(id); }

MOE_INLINE std::optional<TokenId> Tokenizer::id_of(std::string_view text) const {
  if (const std::optional<TokenId> added = state_->added.find(text)) return added;
  return bpe().vocabulary().find(text);
}

MOE_INLINE std::size_t Tokenizer::size() const { return bpe().vocabulary().size(); }

}  // namespace moe::inline MOE_ABI
