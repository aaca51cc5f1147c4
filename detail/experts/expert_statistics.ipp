// SPDX-License-Identifier: MIT
#pragma once
#include "expert_statistics.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE ExpertStatistics& ExpertStatistics::operator+=(const ExpertStatistics& other) {
  resident += other.resident;
  in_flight += other.in_flight;
  missed += other.missed;
  bytes += other.bytes;
  waited_seconds += other.waited_seconds;
  return *this;
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void ExpertCounter::count_announced(std::span<const ExpertId> ids) noexcept {
  const std::lock_guard lock(mutex_);
  try {
    for (const ExpertId id : ids)
      if (std::find(announced_.begin(), announced_.end(), id) == announced_.end()) announced_.push_back(id);
  } catch (...) {
    // Out of memory: count_ready() will count the experts that are not in announced_ as resident.
  }
}

MOE_INLINE void ExpertCounter::count_ready(ExpertId id, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  ExpertStatistics& counts = layer_of(id);
  if (take_announced(id)) {
    ++counts.in_flight;
    counts.bytes += bytes;
  } else {
    ++counts.resident;
  }
}

MOE_INLINE void ExpertCounter::count_missed(ExpertId id, std::size_t bytes, double waited_seconds) {
  const std::lock_guard lock(mutex_);
  ExpertStatistics& counts = layer_of(id);
  take_announced(id);
  ++counts.missed;
  counts.bytes += bytes;
  counts.waited_seconds += waited_seconds;
}

MOE_INLINE std::vector<ExpertStatistics> ExpertCounter::layers() const {
  const std::lock_guard lock(mutex_);
  return layers_;
}

MOE_INLINE ExpertStatistics& ExpertCounter::layer_of(ExpertId id) {
  if (layers_.size() <= id.layer) layers_.resize(id.layer + std::size_t{1});
  return layers_[id.layer];
}

MOE_INLINE bool ExpertCounter::take_announced(ExpertId id) {
  const auto place = std::find(announced_.begin(), announced_.end(), id);
  if (place == announced_.end()) return false;
  *place = announced_.back();
  announced_.pop_back();
  return true;
}

}  // namespace moe::inline MOE_ABI::detail
