// SPDX-License-Identifier: MIT
#pragma once
#include "light_experts.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE SplitAnnouncement::SplitAnnouncement(const Announcement& announcement, float threshold) {
  const auto& [ids, weights, tokens, kind, total_weight] = announcement;
  const bool known = kind == Announcement::Kind::chosen && weights.size() == ids.size() && total_weight > 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const float share = known ? std::abs(weights[i]) / total_weight : 1;
    const bool light = known && share < threshold;
    (light ? light_ids : heavy_ids).push_back(ids[i]);
    if (known) (light ? light_weights : heavy_weights).push_back(weights[i]);
    if (light) light_shares.push_back(share);
  }
}

MOE_INLINE void LightExperts::forget() noexcept {
  if (size_ == 0) return;
  const std::lock_guard lock(mutex_);
  remove_own();
}

MOE_INLINE void LightExperts::replace(const SplitAnnouncement& split) {
  const std::thread::id thread = std::this_thread::get_id();
  const std::lock_guard lock(mutex_);
  remove_own();
  entries_.reserve(entries_.size() + split.light_ids.size());
  for (std::size_t i = 0; i < split.light_ids.size(); ++i)
    entries_.push_back({thread, split.light_ids[i], split.light_shares[i]});
  size_ = entries_.size();
}

MOE_INLINE std::optional<float> LightExperts::share(ExpertId id) const {
  if (size_ == 0) return {};
  const std::thread::id thread = std::this_thread::get_id();
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_)
    if (entry.thread == thread && entry.id == id) return entry.share;
  return {};
}

MOE_INLINE void LightExperts::count_exact(ExpertId id) {
  exact_.fetch_add(1, std::memory_order_relaxed);
  if (size_ == 0) return;
  const std::lock_guard lock(mutex_);
  remove(id);
}

MOE_INLINE void LightExperts::count_small(ExpertId id, float share) {
  small_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  small_weight_ += static_cast<double>(share);
  remove(id);
}

MOE_INLINE FallbackStatistics LightExperts::statistics() const {
  const std::lock_guard lock(mutex_);
  return {exact_, small_, small_weight_};
}

MOE_INLINE void LightExperts::remove_own() {
  const std::thread::id thread = std::this_thread::get_id();
  std::erase_if(entries_, [&](const Entry& entry) { return entry.thread == thread; });
  size_ = entries_.size();
}

MOE_INLINE void LightExperts::remove(ExpertId id) {
  const std::thread::id thread = std::this_thread::get_id();
  std::erase_if(entries_, [&](const Entry& entry) { return entry.thread == thread && entry.id == id; });
  size_ = entries_.size();
}

}  // namespace moe::inline MOE_ABI::detail
