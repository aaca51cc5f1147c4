#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "bpe.hpp"
#include "hash.hpp"
#include "pre_tokenizer.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Remembers where in the output the tokens of a piece stand; most pieces of a text were there before. Pieces
/// may push out each other.
class PieceCache {
 public:
  struct Place {
    std::string_view piece;
    std::size_t begin = 0, end = 0;  // in the output
  };

  explicit PieceCache(std::size_t text_bytes);

  /// The place for that piece. It holds the piece itself, or another one, or none.
  Place& operator[](std::string_view piece) { return places_[hash_bytes(piece) & (places_.size() - 1)]; }

 private:
  static constexpr std::size_t most_places = std::size_t{1}
                                             << 15;  // 1 MiB: about what stays in a core's cache

  std::vector<Place> places_;  // a power of two
};

/// Cuts texts into pieces and encodes these. One for each call: it keeps views of what it has encoded.
class PieceEncoder {
 public:
  /// Appends to `out`, which must only grow. `text_bytes`: about how much is to be encoded.
  PieceEncoder(const Bpe& bpe, const SplitPattern& pattern, bool add_prefix_space, std::size_t text_bytes,
               std::vector<TokenId>& out);

  /// `text` must outlive the encoder.
  void append(std::string_view text);

 private:
  void append_piece(std::string_view piece);

  BpeEncoder bpe_;
  const SplitPattern& pattern_;
  bool add_prefix_space_;
  PieceCache cache_;
  std::vector<TokenId>& out_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "piece_encoder.ipp"
#endif
