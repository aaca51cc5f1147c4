#pragma once
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::detail {

/// Gives experts consecutive numbers, from 0 on, in the order in which they are first seen. Any ids: open addressing.
class ExpertTable {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  std::size_t size() const { return ids_.size(); }
  ExpertId operator[](std::uint32_t number) const { return ids_[number]; }

  /// Allocates nothing more until there are more experts than these.
  void reserve(std::size_t experts) {
    ids_.reserve(experts);
    while (slots_.size() < 2 * experts) grow();
  }

  /// The number of an expert; `none` if it was never added.
  std::uint32_t find(ExpertId id) const { return slots_.empty() ? none : slots_[slot_of(id)]; }

  /// The number of an expert, a new one if it has none.
  std::uint32_t add(ExpertId id) {
    if (const std::uint32_t known = find(id); known != none) return known;
    if (2 * (ids_.size() + 1) > slots_.size()) grow();
    const auto number = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back(id);
    slots_[slot_of(id)] = number;
    return number;
  }

 private:
  /// Where the expert is, or would have to be.
  std::size_t slot_of(ExpertId id) const {
    const std::size_t mask = slots_.size() - 1;
    const std::uint64_t key = std::uint64_t{id.layer} << 32 | id.expert;
    std::size_t at = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15) >> 32) & mask;
    while (slots_[at] != none && ids_[slots_[at]] != id) at = (at + 1) & mask;
    return at;
  }

  void grow() {
    slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), none);
    for (std::uint32_t number = 0; number < ids_.size(); ++number) slots_[slot_of(ids_[number])] = number;
  }

  std::vector<ExpertId> ids_;         // by number
  std::vector<std::uint32_t> slots_;  // numbers; a power of two, at most half full
};

}  // namespace moe::detail
