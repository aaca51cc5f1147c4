// SPDX-License-Identifier: MIT
#pragma once
#include "announced_bytes.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void AnnouncedBytes::set(const std::byte* from, std::size_t bytes) {
  bytes_.store(bytes, std::memory_order_relaxed);
  from_.store(from, std::memory_order_relaxed);
  announcement_.fetch_add(1, std::memory_order_release);
}

MOE_INLINE const std::byte* AnnouncedBytes::next(std::size_t worker) {
  Progress& own = progress_[worker];
  const std::uint32_t announcement = announcement_.load(std::memory_order_acquire);
  if (own.announcement != announcement) own = {announcement, 0};
  // set() may run between the two loads, which then mix two announcements. That is harmless, because prefetches never fault.
  const std::byte* const from = from_.load(std::memory_order_relaxed);
  const std::size_t share = bytes_.load(std::memory_order_relaxed) / progress_.size();
  if (!from || own.bytes >= most_bytes || own.bytes >= share) return nullptr;
  const std::byte* const at = from + share * worker + own.bytes;
  own.bytes += step_bytes;
  return at;
}

}  // namespace moe::inline MOE_ABI::detail
