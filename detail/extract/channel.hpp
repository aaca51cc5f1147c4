// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// A bounded queue between two threads, first in, first out. Either thread may close the queue.
template <class T>
class Channel {
 public:
  /// `capacity`: how many items may wait.
  explicit Channel(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room. Returns false, and drops the item, if the channel is closed.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  /// Waits for an item. The result is empty if the channel is closed and has no more items.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return {};
    std::optional<T> item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  /// From then on push() drops its item, and pop() returns the items that still wait.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace moe::inline MOE_ABI::detail
