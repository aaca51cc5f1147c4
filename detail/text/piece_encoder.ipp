#pragma once
#include "piece_encoder.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE PieceCache::PieceCache(std::size_t text_bytes)
    : places_(std::bit_ceil(std::min(text_bytes / 8 + 1, most_places))) {}

MOE_INLINE PieceEncoder::PieceEncoder(const Bpe& bpe, const SplitPattern& pattern, bool add_prefix_space,
                                      std::size_t text_bytes, std::vector<TokenId>& out)
    : bpe_(bpe), pattern_(pattern), add_prefix_space_(add_prefix_space), cache_(text_bytes), out_(out) {}

MOE_INLINE void PieceEncoder::append(std::string_view text) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, pattern_.first_piece(text));
    append_piece(piece);
    text.remove_prefix(piece.size());
  }
}

MOE_INLINE void PieceEncoder::append_piece(std::string_view piece) {
  PieceCache::Place& place = cache_[piece];
  if (place.piece == piece) {
    for (std::size_t i = place.begin; i < place.end; ++i) out_.push_back(TokenId{out_[i]});
    return;
  }
  place = {piece, out_.size(), 0};
  if (add_prefix_space_ && piece.front() != ' ') {
    bpe_.append(' ' + std::string(piece), out_);
  } else {
    bpe_.append(piece, out_);
  }
  place.end = out_.size();
}

}  // namespace moe::inline MOE_ABI::detail
