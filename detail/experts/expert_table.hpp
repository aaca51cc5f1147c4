// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Numbers experts 0, 1, 2, ... in the order in which they are added. A hash table with open addressing and linear probing.
class ExpertTable {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  std::size_t size() const { return ids_.size(); }

  /// Allocates for `experts` experts.
  void reserve(std::size_t experts);

  /// The number of an expert; `none` if it was not added.
  std::uint32_t find(ExpertId id) const { return slots_.empty() ? none : slots_[slot_of(id)]; }

  /// The number of an expert, which is added if it is missing. If this throws std::bad_alloc, nothing has changed.
  std::uint32_t add(ExpertId id);

 private:
  /// The slot that holds the expert, or the empty slot in which it belongs.
  std::size_t slot_of(ExpertId id) const;

  void resize_slots(std::size_t slots);

  std::vector<ExpertId> ids_;  // by number
  // Numbers of experts, or `none`. The size is 0 or a power of two, and at most half of the slots hold a number.
  std::vector<std::uint32_t> slots_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert_table.ipp"
#endif
