#pragma once
#include "merge_table.hpp"
#include "hash.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void MergeTable::add(TokenId left, TokenId right, TokenId result) {
  if (3 * (used_ + 1) > 2 * slots_.size()) grow();
  Slot& slot = slots_[slot_of(left, right)];
  if (slot.merge.rank == Merge::never) ++used_;
  slot = {left, right, {next_rank_++, result}};
}

MOE_INLINE std::size_t MergeTable::slot_of(TokenId left, TokenId right) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = detail::mix(std::uint64_t{left} << 32 | right) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.merge.rank == Merge::never || (slot.left == left && slot.right == right)) return at;
  }
}

MOE_INLINE void MergeTable::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old)
    if (slot.merge.rank != Merge::never) slots_[slot_of(slot.left, slot.right)] = slot;
}

}  // namespace moe::inline MOE_ABI::detail
