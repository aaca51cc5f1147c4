#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// What becomes of two neighbouring tokens. A merge of lower rank goes first.
struct Merge {
  static constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t rank = never;
  TokenId result = 0;
};

/// The merges of a vocabulary: (left, right) -> (rank, result).
class MergeTable {
 public:
  /// `merges`: how many are going to be added; more are possible.
  explicit MergeTable(std::size_t merges = 0) : slots_(std::bit_ceil(merges + merges / 2 + 2)) {}

  /// Adds the merge of the next rank. A pair that was added before loses its old rank.
  void add(TokenId left, TokenId right, TokenId result);

  /// The merge of two tokens; one of rank `never` if they do not merge.
  Merge find(TokenId left, TokenId right) const { return slots_[slot_of(left, right)].merge; }

 private:
  struct Slot {
    TokenId left = 0, right = 0;
    Merge merge;
  };

  std::size_t slot_of(TokenId left, TokenId right) const;

  void grow();

  std::vector<Slot> slots_;  // open addressing, a power of two, at most two thirds full
  std::size_t used_ = 0;
  std::uint32_t next_rank_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "merge_table.ipp"
#endif
