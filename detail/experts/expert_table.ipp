#pragma once
#include "expert_table.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void ExpertTable::reserve(std::size_t experts) {
  ids_.reserve(experts);
  while (slots_.size() < 2 * experts) grow();
}

MOE_INLINE std::uint32_t ExpertTable::add(ExpertId id) {
  if (const std::uint32_t known = find(id); known != none) return known;
  if (2 * (ids_.size() + 1) > slots_.size()) grow();
  const auto number = static_cast<std::uint32_t>(ids_.size());
  ids_.push_back(id);
  slots_[slot_of(id)] = number;
  return number;
}

MOE_INLINE std::size_t ExpertTable::slot_of(ExpertId id) const {
  const std::size_t mask = slots_.size() - 1;
  const std::uint64_t key = std::uint64_t{id.layer} << 32 | id.expert;
  std::size_t at = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15) >> 32) & mask;
  while (slots_[at] != none && ids_[slots_[at]] != id) at = (at + 1) & mask;
  return at;
}

MOE_INLINE void ExpertTable::grow() {
  slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), none);
  for (std::uint32_t number = 0; number < ids_.size(); ++number) slots_[slot_of(ids_[number])] = number;
}

}  // namespace moe::inline MOE_ABI::detail
