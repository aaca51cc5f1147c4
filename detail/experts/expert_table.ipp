// SPDX-License-Identifier: MIT
#pragma once
#include "expert_table.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void ExpertTable::reserve(std::size_t experts) {
  ids_.reserve(experts);
  if (2 * experts > slots_.size()) resize_slots(std::bit_ceil(2 * experts));
}

MOE_INLINE std::uint32_t ExpertTable::add(ExpertId id) {
  if (const std::uint32_t known = find(id); known != none) return known;
  if (2 * (ids_.size() + 1) > slots_.size()) resize_slots(std::max<std::size_t>(64, 2 * slots_.size()));
  const auto number = static_cast<std::uint32_t>(ids_.size());
  std::uint32_t& slot = slots_[slot_of(id)];
  ids_.push_back(id);
  slot = number;
  return number;
}

MOE_INLINE std::size_t ExpertTable::slot_of(ExpertId id) const {
  const std::size_t mask = slots_.size() - 1;
  const std::uint64_t key = std::uint64_t{id.layer} << 32 | id.expert;
  std::size_t at = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15) >> 32) & mask;
  while (slots_[at] != none && ids_[slots_[at]] != id) at = (at + 1) & mask;
  return at;
}

MOE_INLINE void ExpertTable::resize_slots(std::size_t slots) {
  std::vector<std::uint32_t> old(slots, none);
  old.swap(slots_);
  for (std::uint32_t number = 0; number < ids_.size(); ++number) slots_[slot_of(ids_[number])] = number;
}

}  // namespace moe::inline MOE_ABI::detail
