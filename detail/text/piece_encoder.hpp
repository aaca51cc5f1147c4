// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "bpe.hpp"
#include "bpe_encoder.hpp"
#include "hash.hpp"
#include "piece_cutter.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A direct-mapped cache from pieces to the range of the output that holds their tokens: most pieces of a text occur again.
class PieceCache {
 public:
  struct Place {
    std::string_view piece;
    std::size_t begin = 0, end = 0;  // in the output
  };

  explicit PieceCache(std::size_t text_bytes)
      : places_(std::bit_ceil(std::min(text_bytes / 8 + 1, most_places))) {}

  /// The place for a piece. It holds this piece, another piece, or none.
  Place& operator[](std::string_view piece) {
    return places_[static_cast<std::size_t>(hash_bytes(piece)) & (places_.size() - 1)];
  }

 private:
  static constexpr std::size_t most_places = std::size_t{1} << 15;  // 1 MiB: fits a core's second-level cache

  std::vector<Place> places_;  // a power of two
};

/// Cuts texts into pieces and encodes the pieces. Keeps views of the texts, so each call of Tokenizer::encode makes an encoder of
/// its own.
class PieceEncoder {
 public:
  /// Appends to `out`, which must not be shortened while the encoder lives. `text_bytes`: about the size of all texts.
  PieceEncoder(const Bpe& bpe, const PreTokenizer& pre, std::size_t text_bytes, std::vector<TokenId>& out)
      : bpe_(bpe), cutter_(pre.steps), cache_(text_bytes), out_(out) {}

  /// `text` must outlive the encoder. `at_begin`: no text or token came before.
  void append(std::string_view text, bool at_begin) {
    cutter_.cut(text, at_begin, [this](std::string_view piece) { append_piece(piece); });
  }

 private:
  void append_piece(std::string_view piece) {
    PieceCache::Place& place = cache_[piece];
    if (place.piece == piece) {
      for (std::size_t i = place.begin; i < place.end; ++i) out_.push_back(TokenId{out_[i]});
      return;
    }
    place = {piece, out_.size(), 0};
    bpe_.append(piece, out_);
    place.end = out_.size();
  }

  BpeEncoder bpe_;
  PieceCutter cutter_;
  PieceCache cache_;
  std::vector<TokenId>& out_;
};

}  // namespace moe::inline MOE_ABI::detail
