// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "bpe.hpp"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Encodes pieces of text. Keeps its memory from piece to piece. Not thread-safe: one encoder for each call.
class BpeEncoder {
 public:
  /// `bpe` must outlive the encoder.
  explicit BpeEncoder(const Bpe& bpe) : bpe_(bpe) {}

  /// Appends the tokens of a piece of less than 4 GiB. O(n log n): a heap of merges.
  void append(std::string_view piece, std::vector<TokenId>& out);

 private:
  static constexpr std::uint32_t end = std::numeric_limits<std::uint32_t>::max();

  /// A token of the piece, in a doubly linked list of neighbours. A symbol that was merged into its left neighbour keeps its
  /// position, but is not in the list and has no merge.
  struct Symbol {
    TokenId id;
    std::uint32_t previous, next;  // positions in symbols_, or end
    Merge merge;                   // with the next symbol
  };

  /// A possible merge. It is outdated if the symbol at its position now has a merge of another rank. The top of the heap has the
  /// lowest rank; among equal ranks, the lowest position.
  struct Candidate {
    std::uint32_t rank, position;
    std::uint64_t key() const { return std::uint64_t{rank} << 32 | position; }
  };
  static bool comes_later(Candidate a, Candidate b) { return a.key() > b.key(); }

  /// With scores: makes one symbol for each byte of the piece, so that the position of a symbol is the offset of its text. Only
  /// symbols that begin a character are in the list.
  void link_characters();

  /// The bytes from a symbol up to the symbol at `next`.
  std::string_view text_of(std::uint32_t position, std::uint32_t next) const;

  void append_scored(std::vector<TokenId>& out) const;

  /// Makes one symbol for each byte or character of the piece; several for a character that is spelled in byte tokens.
  void spell(std::string_view piece);

  /// Calls add(id) for the tokens of one symbol:
  /// - if the symbol is a token: for this token;
  /// - otherwise, if all bytes of the symbol have byte tokens: for each of these; a space is first replaced by ▁;
  /// - otherwise the symbol is unknown: add() is not called, and `unknown_waits` is set if there is an unknown token.
  /// A waiting unknown token is added before the next symbol that is a token and, unless unknown tokens are fused, before the
  /// next unknown symbol. So byte tokens in between come before the unknown token, as in Hugging Face's tokenizers. At the end
  /// of the piece, the caller adds an unknown token that still waits.
  template <class Add>
  void write(std::string_view bytes, bool& unknown_waits, Add add) const;

  void add_symbol(TokenId id);

  void merge_all();

  void merge_at(std::uint32_t position);

  void consider(std::uint32_t position);

  bool find_merge(std::uint32_t position);

  const Bpe& bpe_;
  std::string_view piece_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> candidates_;  // a heap
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "bpe_encoder.ipp"
#endif
