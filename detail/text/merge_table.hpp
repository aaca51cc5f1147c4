// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "hash.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The token that replaces two neighbouring tokens. The merge of the lowest rank is done first.
struct Merge {
  static constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t rank = never;
  TokenId result = 0;
};

/// The merges of a vocabulary, as a hash table: (left, right) -> (rank, result). The hash has a secret key, so that the author
/// of a file cannot choose pairs that collide.
class MergeTable {
 public:
  /// `merges`: the expected number; more are possible.
  explicit MergeTable(std::size_t merges = 0) {
    const HashKey key = random_hash_key();
    first_factor_ = key.first | 1;
    second_factor_ = key.second | 1;
    resize(std::bit_ceil(merges + merges / 2 + 2));
  }

  /// Adds the merge of the next rank. A pair that was added before gets the new rank.
  void add(TokenId left, TokenId right, TokenId result) {
    if (3 * (used_ + 1) > 2 * slots_.size()) grow();
    Slot& slot = slots_[slot_of(left, right)];
    if (slot.merge.rank == Merge::never) ++used_;
    slot = {left, right, {next_rank_++, result}};
  }

  /// The merge of two tokens; its rank is `never` if they do not merge.
  Merge find(TokenId left, TokenId right) const { return slots_[slot_of(left, right)].merge; }

 private:
  struct Slot {
    TokenId left = 0, right = 0;
    Merge merge;
  };

  /// Linear probing from a multiply-shift hash: the high bits of a product depend on all bits of both factors.
  std::size_t slot_of(TokenId left, TokenId right) const {
    std::uint64_t hash = (std::uint64_t{left} << 32 | right) * first_factor_;
    hash = (hash ^ hash >> 32) * second_factor_;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = static_cast<std::size_t>(hash >> shift_);; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.merge.rank == Merge::never || (slot.left == left && slot.right == right)) return at;
    }
  }

  void resize(std::size_t slots) {
    slots_.assign(slots, Slot{});
    shift_ = 64 - std::countr_zero(slots);
  }

  void grow() {
    const std::vector<Slot> old = std::move(slots_);
    resize(2 * old.size());
    for (const Slot& slot : old)
      if (slot.merge.rank != Merge::never) slots_[slot_of(slot.left, slot.right)] = slot;
  }

  std::vector<Slot> slots_;  // at least two, a power of two, at most two thirds full
  int shift_ = 0;            // 64 minus the logarithm of the number of slots
  std::uint64_t first_factor_ = 1, second_factor_ = 1;  // odd, secret
  std::size_t used_ = 0;
  std::uint32_t next_rank_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail
