// SPDX-License-Identifier: MIT
#pragma once
#include "vocabulary.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Vocabulary::Vocabulary(std::size_t tokens, Notation notation, bool names_bytes)
    : notation_(notation), names_bytes_(names_bytes), key_(random_hash_key()) {
  entries_.reserve(tokens);
  rehash(std::bit_ceil(2 * tokens + 2));
}

MOE_INLINE bool Vocabulary::add(TokenId id, std::string_view text) {
  if (contains(id)) return false;
  if (2 * (added_ + 1) > slots_.size()) rehash(2 * slots_.size());
  const Entry entry = append(text);
  TokenId& slot = slots_[slot_of(bytes(entry), entry.kind)];
  if (slot != none) {
    arena_.resize(entry.begin);
    return false;
  }
  slot = id;
  set(id, entry);
  ++added_;
  return true;
}

MOE_INLINE bool Vocabulary::add_apart(TokenId id, std::string_view text) {
  if (contains(id)) return false;
  Entry entry = append(text);
  entry.kind = Kind::apart;
  set(id, entry);
  return true;
}

MOE_INLINE bool Vocabulary::add_byte(TokenId id, int byte) {
  if (names_bytes_) return add_apart(id, token_of_byte(byte));
  const char c = static_cast<char>(static_cast<unsigned char>(byte));
  if (!add_apart(id, std::string_view(&c, 1))) return false;
  entries_[id].kind = Kind::byte;
  return true;
}

MOE_INLINE std::optional<TokenId> Vocabulary::find_text(std::string_view text) const {
  std::string bytes;
  const Kind kind = write(bytes, text);
  return find(bytes, kind);
}

MOE_INLINE Vocabulary::Kind Vocabulary::write(std::string& out, std::string_view text) const {
  if (notation_ == Notation::sentence_piece) {
    append_spaced(out, text);
    return text.find(' ') == text.npos ? Kind::bytes : Kind::literal;
  }
  if (append_bytes(out, text)) return Kind::bytes;
  out += text;
  return Kind::literal;
}

MOE_INLINE Vocabulary::Entry Vocabulary::append(std::string_view text) {
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  if (text.size() > most - arena_.size())
    fail("vocabulary", "text of all tokens", concat("at most ", most, " bytes"),
         concat(arena_.size(), " bytes and a token of ", text.size(), " bytes"));
  Entry entry{static_cast<std::uint32_t>(arena_.size()), 0, Kind::bytes};
  entry.kind = write(arena_, text);
  entry.size = static_cast<std::uint32_t>(arena_.size() - entry.begin);
  return entry;
}

MOE_INLINE void Vocabulary::set(TokenId id, const Entry& entry) {
  if (id >= entries_.size()) entries_.resize(std::size_t{id} + 1);
  entries_[id] = entry;
}

MOE_INLINE std::optional<TokenId> Vocabulary::find(std::string_view bytes, Kind kind) const {
  const TokenId id = slots_[slot_of(bytes, kind)];
  if (id == none) return {};
  return id;
}

MOE_INLINE std::size_t Vocabulary::slot_of(std::string_view bytes, Kind kind) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = static_cast<std::size_t>(keyed_hash(bytes, key_)) & mask;; at = (at + 1) & mask) {
    if (slots_[at] == none) return at;
    const Entry& entry = entries_[slots_[at]];
    if (entry.kind == kind && this->bytes(entry) == bytes) return at;
  }
}

MOE_INLINE void Vocabulary::rehash(std::size_t slots) {
  slots_.assign(slots, none);
  for (TokenId id = 0; id < entries_.size(); ++id) {
    const Kind kind = entries_[id].kind;
    if (kind == Kind::bytes || kind == Kind::literal) slots_[slot_of(bytes(id), kind)] = id;
  }
}

MOE_INLINE bool add_byte_token(Vocabulary& vocabulary, ByteTokens& tokens, TokenId id, int byte) {
  std::optional<TokenId>& token = tokens[static_cast<std::size_t>(byte)];
  if (token || !vocabulary.add_byte(id, byte)) return false;
  token = id;
  return true;
}

}  // namespace moe::inline MOE_ABI::detail
