// SPDX-License-Identifier: MIT
#pragma once
#include "prefetch_queue.hpp"
#include "../core/start_thread.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE PrefetchQueue::PrefetchQueue(std::size_t io_threads, Load load, void* provider)
    : load_(load), provider_(provider) {
  constexpr std::size_t usual_experts = 256;  // with room for so many, the queues rarely allocate later
  chosen_.reserve(usual_experts);
  predicted_.reserve(usual_experts);
  try {
    start(std::max(io_threads, std::size_t{1}));
  } catch (...) {
    stop();
    throw;
  }
}

MOE_INLINE PrefetchQueue::~PrefetchQueue() { stop(); }

MOE_INLINE void PrefetchQueue::start(std::size_t io_threads) {
  threads_.reserve(io_threads);
  while (threads_.size() < io_threads) threads_.push_back(start_thread("io_threads", [this] { run(); }));
}

MOE_INLINE void PrefetchQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

MOE_INLINE void PrefetchQueue::enqueue(const Announcement& announcement) noexcept {
  const std::lock_guard lock(mutex_);
  predicted_.clear();
  try {
    if (announcement.kind == Announcement::Kind::predicted) {
      predicted_.assign(announcement.ids.begin(), announcement.ids.end());
    } else {
      for (const ExpertId id : announcement.ids) append(id);
    }
  } catch (...) {  // out of memory: acquire() loads the experts that were not queued
  }
  changed_.notify_all();
}

MOE_INLINE void PrefetchQueue::append(ExpertId id) {
  if (find_queued(id) != chosen_.end()) return;
  if (!has_chosen() || chosen_.size() == chosen_.capacity()) {
    chosen_.erase(chosen_.begin(), queued_begin());
    next_chosen_ = 0;
  }
  chosen_.push_back(id);
}

MOE_INLINE void PrefetchQueue::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (has_chosen()) {
      load_unlocked(chosen_[next_chosen_++], Announcement::Kind::chosen, lock);
    } else if (demands_ == 0 && !predicted_.empty()) {
      const ExpertId id = predicted_.front();
      predicted_.erase(predicted_.begin());
      load_unlocked(id, Announcement::Kind::predicted, lock);
    } else {
      changed_.wait(lock);
    }
  }
}

MOE_INLINE void PrefetchQueue::load_unlocked(ExpertId id, Announcement::Kind kind,
                                             std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  load_(provider_, id, kind);
  lock.lock();
}

MOE_INLINE std::vector<ExpertId>::iterator PrefetchQueue::queued_begin() {
  return chosen_.begin() + static_cast<std::ptrdiff_t>(next_chosen_);
}

MOE_INLINE std::vector<ExpertId>::iterator PrefetchQueue::find_queued(ExpertId id) {
  return std::find(queued_begin(), chosen_.end(), id);
}

MOE_INLINE PrefetchQueue::Demand::Demand(PrefetchQueue& queue, ExpertId id) : queue_(queue) {
  const std::lock_guard lock(queue_.mutex_);
  ++queue_.demands_;
  const auto queued = queue_.find_queued(id);
  if (queued != queue_.chosen_.end()) queue_.chosen_.erase(queued);
}

MOE_INLINE PrefetchQueue::Demand::~Demand() {
  const std::lock_guard lock(queue_.mutex_);
  if (--queue_.demands_ == 0 && !queue_.predicted_.empty()) queue_.changed_.notify_all();
}

}  // namespace moe::inline MOE_ABI::detail
