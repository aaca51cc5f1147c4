#pragma once
#include "../core/config.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Gives experts consecutive numbers, from 0 on, in the order in which they are first seen. Any ids: open addressing.
class ExpertTable {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  std::size_t size() const { return ids_.size(); }
  ExpertId operator[](std::uint32_t number) const { return ids_[number]; }

  /// Allocates nothing more until there are more experts than these.
  void reserve(std::size_t experts);

  /// The number of an expert; `none` if it was never added.
  std::uint32_t find(ExpertId id) const { return slots_.empty() ? none : slots_[slot_of(id)]; }

  /// The number of an expert, a new one if it has none.
  std::uint32_t add(ExpertId id);

 private:
  /// Where the expert is, or would have to be.
  std::size_t slot_of(ExpertId id) const;

  void grow();

  std::vector<ExpertId> ids_;         // by number
  std::vector<std::uint32_t> slots_;  // numbers; a power of two, at most half full
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert_table.ipp"
#endif
