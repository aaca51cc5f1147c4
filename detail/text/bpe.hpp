#pragma once
#include "../core/token.hpp"
#include "merge_table.hpp"
#include "vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace moe {

struct BpeOptions {
  std::optional<TokenId> unknown = {};  // stands for a byte that is no token; without it they are dropped
  bool fuse_unknown = false;            // one `unknown` for a run of such bytes
  bool ignore_merges = false;           // a piece that is a token as a whole becomes that token
};

/// Byte-level byte-pair encoding: a piece of text is spelled in tokens of one byte, then the neighbours whose
/// merge has the lowest rank, the leftmost of equals, are merged, until none can be.
/// Source: Sennrich et al. 2016 (arXiv 1508.07909), as in Hugging Face's tokenizers.
class Bpe {
 public:
  Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
      : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), options_(options) {
    for (std::size_t byte = 0; byte < spelling_.size(); ++byte) {
      const char c = static_cast<char>(static_cast<unsigned char>(byte));
      spelling_[byte] = vocabulary_.find(std::string_view(&c, 1));
    }
  }

  const Vocabulary& vocabulary() const { return vocabulary_; }
  const MergeTable& merges() const { return merges_; }
  const BpeOptions& options() const { return options_; }

  /// The token of a single byte; nothing if there is none.
  std::optional<TokenId> token_of(char byte) const { return spelling_[static_cast<unsigned char>(byte)]; }

 private:
  Vocabulary vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  std::array<std::optional<TokenId>, 256> spelling_;
};

/// Encodes pieces of text. Keeps its memory from piece to piece; one for each thread.
class BpeEncoder {
 public:
  explicit BpeEncoder(const Bpe& bpe) : bpe_(bpe) {}

  /// Appends the tokens of a piece of less than 4 GiB. O(n log n).
  void append(std::string_view piece, std::vector<TokenId>& out) {
    if (bpe_.options().ignore_merges) {
      if (const auto whole = bpe_.vocabulary().find(piece)) return out.push_back(*whole);
    }
    spell(piece);
    merge_all();
    if (symbols_.empty()) return;
    for (std::uint32_t at = 0; at != end; at = symbols_[at].next) out.push_back(symbols_[at].id);
  }

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
    friend bool operator<(Candidate a, Candidate b) { return a.key() > b.key(); }
  };

  void spell(std::string_view piece) {
    symbols_.clear();
    bool after_unknown = false;
    for (const char byte : piece) {
      const std::optional<TokenId> known = bpe_.token_of(byte);
      const bool fused = !known && after_unknown && bpe_.options().fuse_unknown;
      const std::optional<TokenId> id = known ? known : bpe_.options().unknown;
      if (id && !fused) add_symbol(*id);
      after_unknown = !known;
    }
    if (!symbols_.empty()) symbols_.back().next = end;
  }

  void add_symbol(TokenId id) {
    const auto position = static_cast<std::uint32_t>(symbols_.size());
    symbols_.push_back({id, position - 1, position + 1, {}});  // previous of the first: end
  }

  void merge_all() {
    candidates_.clear();
    for (std::uint32_t at = 0; at + 1 < symbols_.size(); ++at)
      if (find_merge(at)) candidates_.push_back({symbols_[at].merge.rank, at});
    std::make_heap(candidates_.begin(), candidates_.end());
    while (!candidates_.empty()) {
      std::pop_heap(candidates_.begin(), candidates_.end());
      const Candidate best = candidates_.back();
      candidates_.pop_back();
      if (symbols_[best.position].merge.rank == best.rank) merge_at(best.position);
    }
  }

  void merge_at(std::uint32_t position) {
    Symbol& left = symbols_[position];
    Symbol& right = symbols_[left.next];
    left.id = left.merge.result;
    left.next = right.next;
    right.merge = {};
    if (left.next != end) symbols_[left.next].previous = position;
    consider(position);
    if (left.previous != end) consider(left.previous);
  }

  void consider(std::uint32_t position) {
    if (!find_merge(position)) return;
    candidates_.push_back({symbols_[position].merge.rank, position});
    std::push_heap(candidates_.begin(), candidates_.end());
  }

  bool find_merge(std::uint32_t position) {
    Symbol& symbol = symbols_[position];
    symbol.merge = symbol.next == end ? Merge{} : bpe_.merges().find(symbol.id, symbols_[symbol.next].id);
    return symbol.merge.rank != Merge::never;
  }

  const Bpe& bpe_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> candidates_;  // a heap
};

}  // namespace moe
