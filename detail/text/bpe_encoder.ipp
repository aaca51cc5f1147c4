// SPDX-License-Identifier: MIT
#pragma once
#include "bpe_encoder.hpp"
#include "../core/utf8.hpp"
#include "notation.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void BpeEncoder::append(std::string_view piece, std::vector<TokenId>& out) {
  if (bpe_.options().ignore_merges) {
    if (const auto whole = bpe_.vocabulary().find(piece)) return out.push_back(*whole);
  }
  piece_ = piece;
  if (bpe_.has_scores()) {
    link_characters();
  } else {
    spell(piece);
  }
  merge_all();
  if (symbols_.empty()) return;
  if (bpe_.has_scores()) return append_scored(out);
  for (std::uint32_t at = 0; at != end; at = symbols_[at].next) out.push_back(symbols_[at].id);
}

MOE_INLINE void BpeEncoder::link_characters() {
  symbols_.assign(piece_.size(), Symbol{});
  std::uint32_t before = end;
  for (std::size_t at = 0; at < piece_.size();) {
    const std::size_t after = at + utf8_step(piece_.substr(at)).bytes;
    symbols_[at].previous = before;
    symbols_[at].next = after < piece_.size() ? static_cast<std::uint32_t>(after) : end;
    before = static_cast<std::uint32_t>(at);
    at = after;
  }
}

MOE_INLINE std::string_view BpeEncoder::text_of(std::uint32_t position, std::uint32_t next) const {
  return piece_.substr(position, next == end ? std::string_view::npos : next - position);
}

template <class Add>
void BpeEncoder::write(std::string_view bytes, bool& unknown_waits, Add add) const {
  const BpeOptions& options = bpe_.options();
  const auto whole = bpe_.spells_characters() ? bpe_.vocabulary().find(bytes) : bpe_.token_of(bytes[0]);
  if (!whole) {
    if (bpe_.spells_characters() && bytes == " ") bytes = metaspace;
    if (std::all_of(bytes.begin(), bytes.end(), [&](char byte) { return bpe_.token_of(byte); })) {
      for (const char byte : bytes) add(*bpe_.token_of(byte));
      return;
    }
  }
  if (unknown_waits && (whole || !options.fuse_unknown)) add(*options.unknown);
  if (whole) add(*whole);
  unknown_waits = !whole && options.unknown;
}

MOE_INLINE void BpeEncoder::append_scored(std::vector<TokenId>& out) const {
  bool unknown_waits = false;
  for (std::uint32_t at = 0; at != end; at = symbols_[at].next)
    write(text_of(at, symbols_[at].next), unknown_waits, [&](TokenId id) { out.push_back(id); });
  if (unknown_waits) out.push_back(*bpe_.options().unknown);
}

MOE_INLINE void BpeEncoder::spell(std::string_view piece) {
  symbols_.clear();
  bool unknown_waits = false;
  while (!piece.empty()) {
    const std::size_t size = bpe_.spells_characters() ? utf8_step(piece).bytes : 1;
    write(piece.substr(0, size), unknown_waits, [&](TokenId id) { add_symbol(id); });
    piece.remove_prefix(size);
  }
  if (unknown_waits) add_symbol(*bpe_.options().unknown);
  if (!symbols_.empty()) symbols_.back().next = end;
}

MOE_INLINE void BpeEncoder::add_symbol(TokenId id) {
  const auto position = static_cast<std::uint32_t>(symbols_.size());
  symbols_.push_back({id, position - 1, position + 1, {}});  // for the first symbol, 0 - 1 is `end`
}

MOE_INLINE void BpeEncoder::merge_all() {
  candidates_.clear();
  for (std::uint32_t at = 0; !symbols_.empty() && at != end; at = symbols_[at].next)
    if (find_merge(at)) candidates_.push_back({symbols_[at].merge.rank, at});
  std::make_heap(candidates_.begin(), candidates_.end(), comes_later);
  while (!candidates_.empty()) {
    std::pop_heap(candidates_.begin(), candidates_.end(), comes_later);
    const Candidate best = candidates_.back();
    candidates_.pop_back();
    if (symbols_[best.position].merge.rank == best.rank) merge_at(best.position);
  }
}

MOE_INLINE void BpeEncoder::merge_at(std::uint32_t position) {
  Symbol& left = symbols_[position];
  Symbol& right = symbols_[left.next];
  left.id = left.merge.result;
  left.next = right.next;
  right.merge = {};
  if (left.next != end) symbols_[left.next].previous = position;
  consider(position);
  if (left.previous != end) consider(left.previous);
}

MOE_INLINE void BpeEncoder::consider(std::uint32_t position) {
  if (!find_merge(position)) return;
  candidates_.push_back({symbols_[position].merge.rank, position});
  std::push_heap(candidates_.begin(), candidates_.end(), comes_later);
}

MOE_INLINE bool BpeEncoder::find_merge(std::uint32_t position) {
  Symbol& symbol = symbols_[position];
  if (symbol.next == end) {
    symbol.merge = {};
  } else if (bpe_.has_scores()) {
    symbol.merge = bpe_.merge_into(text_of(position, symbols_[symbol.next].next));
  } else {
    symbol.merge = bpe_.merges().find(symbol.id, symbols_[symbol.next].id);
  }
  return symbol.merge.rank != Merge::never;
}

}  // namespace moe::inline MOE_ABI::detail
