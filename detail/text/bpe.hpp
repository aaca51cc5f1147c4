#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "byte_tokens.hpp"
#include "merge_table.hpp"
#include "vocabulary.hpp"

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

struct BpeOptions {
  std::optional<TokenId> unknown = {};  // stands for a symbol that is no token; without it they are dropped
  bool fuse_unknown = false;            // one `unknown` for a run of such symbols
  bool ignore_merges = false;           // a piece that is a token as a whole becomes that token
};

/// What a vocabulary of SentencePiece has in place of merges.
struct TokenScores {
  std::vector<std::uint32_t> ranks;  // [ids]; the best score has the lowest
};

/// Byte-pair encoding: a piece of text is spelled in symbols, then the neighbours whose merge has the lowest rank, the
/// leftmost of equals, are merged, until none can be. Symbols are bytes; or characters, those that are no token spelled in
/// tokens of bytes: before merging where there are merges, after it where there are scores, by which any two
/// merge that together are a token.
/// Source: Sennrich et al. 2016 (arXiv 1508.07909), as in Hugging Face's tokenizers and in SentencePiece.
class Bpe {
 public:
  Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options);

  /// Symbols are characters. `scores` have a rank for every token, or for none if there are merges.
  Bpe(Vocabulary vocabulary, MergeTable merges, TokenScores scores, ByteTokens bytes, BpeOptions options);

  const Vocabulary& vocabulary() const { return vocabulary_; }
  const MergeTable& merges() const { return merges_; }
  const BpeOptions& options() const { return options_; }

  /// Whether symbols are characters, rather than bytes.
  bool spells_characters() const { return spells_characters_; }

  /// Whether tokens have scores, rather than merges.
  bool has_scores() const { return !ranks_.empty(); }

  /// With scores: what becomes of the symbols that write these bytes together; a merge of rank `never` if nothing.
  Merge merge_into(std::string_view bytes) const;

  /// The token of a single byte; nothing if there is none.
  std::optional<TokenId> token_of(char byte) const { return spelling_[static_cast<unsigned char>(byte)]; }

  /// Whether it is the token of a single byte.
  bool is_byte(TokenId id) const;

 private:
  Vocabulary vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  std::vector<std::uint32_t> ranks_;
  ByteTokens spelling_;
  bool spells_characters_ = false;
};

/// Encodes pieces of text. Keeps its memory from piece to piece; one for each thread.
class BpeEncoder {
 public:
  explicit BpeEncoder(const Bpe& bpe) : bpe_(bpe) {}

  /// Appends the tokens of a piece of less than 4 GiB. O(n log n).
  void append(std::string_view piece, std::vector<TokenId>& out);

 private:
  static constexpr std::uint32_t end = std::numeric_limits<std::uint32_t>::max();

  /// One token of the piece, in a list of neighbours. A symbol that was merged into its left one stays where
  /// it is, but has no place in the list and no merge.
  struct Symbol {
    TokenId id;
    std::uint32_t previous, next;  // positions in symbols_, or end
    Merge merge;                   // with the next symbol
  };

  /// A merge that could be made; outdated when the symbol at that position has another one by now. The top of
  /// the heap is the least by rank, then by position.
  struct Candidate {
    std::uint32_t rank, position;
    std::uint64_t key() const { return std::uint64_t{rank} << 32 | position; }
  };
  static bool comes_later(Candidate a, Candidate b) { return a.key() > b.key(); }

  /// One symbol for each byte of the piece, of which only those are in the list that begin a character: so a symbol's
  /// position is where its text begins.
  void link_characters();

  /// The bytes from a symbol up to the one that begins at `next`.
  std::string_view text_of(std::uint32_t position, std::uint32_t next) const;

  void append_scored(std::vector<TokenId>& out) const;

  /// One symbol for each byte or each character of the piece, or several where a character is spelled in bytes.
  void spell(std::string_view piece);

  /// Calls add(id) for the token of these bytes, or else for that of each of them, or else for the unknown one.
  template <class Add>
  void write(std::string_view bytes, bool& after_unknown, Add add) const {
    const auto whole = bpe_.spells_characters() ? bpe_.vocabulary().find(bytes) : bpe_.token_of(bytes[0]);
    bool known = true;
    if (!whole)
      for (const char byte : bytes) known = known && bpe_.token_of(byte);
    if (whole) {
      add(*whole);
    } else if (known) {
      for (const char byte : bytes) add(*bpe_.token_of(byte));
    } else if (bpe_.options().unknown && !(after_unknown && bpe_.options().fuse_unknown)) {
      add(*bpe_.options().unknown);
    }
    after_unknown = !known;
  }

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
#include "bpe.ipp"
#endif
