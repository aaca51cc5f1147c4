#pragma once
#include "../core/token.hpp"
#include "hash.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace moe {

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
  void add(TokenId left, TokenId right, TokenId result) {
    if (3 * (used_ + 1) > 2 * slots_.size()) grow();
    Slot& slot = slots_[slot_of(left, right)];
    if (slot.merge.rank == Merge::never) ++used_;
    slot = {left, right, {next_rank_++, result}};
  }

  /// The merge of two tokens; one of rank `never` if they do not merge.
  Merge find(TokenId left, TokenId right) const { return slots_[slot_of(left, right)].merge; }

 private:
  struct Slot {
    TokenId left = 0, right = 0;
    Merge merge;
  };

  std::size_t slot_of(TokenId left, TokenId right) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = detail::mix(std::uint64_t{left} << 32 | right) & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.merge.rank == Merge::never || (slot.left == left && slot.right == right)) return at;
    }
  }

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.merge.rank != Merge::never) slots_[slot_of(slot.left, slot.right)] = slot;
  }

  std::vector<Slot> slots_;  // open addressing, a power of two, at most two thirds full
  std::size_t used_ = 0;
  std::uint32_t next_rank_ = 0;
};

}  // namespace moe
