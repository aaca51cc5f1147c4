// SPDX-License-Identifier: MIT
#pragma once
#include "thread_pool.hpp"
#include "float_environment.hpp"
#include "start_thread.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace moe::inline MOE_ABI {

MOE_INLINE ThreadPool::ThreadPool(std::size_t threads)
    : threads_(threads_for(threads)), shares_(threads_), ahead_(threads_) {
  workers_.reserve(threads_ - 1);  // push_back() must not fail when a thread already runs
  try {
    for (std::size_t worker = 1; worker < threads_; ++worker)
      workers_.push_back(detail::start_thread("ThreadPool", [this, worker] { serve(worker); }));
  } catch (...) {
    stop();
    throw;
  }
}

MOE_INLINE std::size_t ThreadPool::threads_for(std::size_t threads) {
  if (threads == 0) threads = std::thread::hardware_concurrency();
  return threads < 1 ? 1 : threads > max_threads ? max_threads : threads;
}

MOE_INLINE void ThreadPool::read_ahead(const std::byte* from, std::size_t bytes) { ahead_.set(from, bytes); }

MOE_INLINE void ThreadPool::Share::set(std::size_t first, std::size_t end) {
  bounds_.store(std::uint64_t{first} << 32 | end, std::memory_order_relaxed);
}

MOE_INLINE ThreadPool::Range ThreadPool::Share::take_front() {
  std::uint64_t now = bounds_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t first = now >> 32, count = ((now & UINT32_MAX) - first + 1) / 2;
    if (bounds_.compare_exchange_weak(now, now + (count << 32), std::memory_order_relaxed))
      return {static_cast<std::size_t>(first), static_cast<std::size_t>(count)};
  }
}

MOE_INLINE ThreadPool::Range ThreadPool::Share::take_back() {
  std::uint64_t now = bounds_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t first = now >> 32, count = ((now & UINT32_MAX) - first + 1) / 2;
    if (bounds_.compare_exchange_weak(now, now - count, std::memory_order_relaxed))
      return {static_cast<std::size_t>((now & UINT32_MAX) - count), static_cast<std::size_t>(count)};
  }
}

MOE_INLINE ThreadPool::Range ThreadPool::take_over(std::size_t worker) {
  Range range;
  for (std::size_t i = 1; i < threads_ && range.count == 0; ++i)
    range = shares_[(worker + i) % threads_].take_back();
  return range;
}

MOE_INLINE void ThreadPool::open() {
  const std::uint32_t now = state_.load(std::memory_order_relaxed);
  state_.store((now + next_epoch) | open_bit, std::memory_order_release);
  changed_.notify_all(state_);
}

MOE_INLINE void ThreadPool::close() {
  std::uint32_t now = state_.fetch_and(~open_bit, std::memory_order_acq_rel) & ~open_bit;
  while ((now & inside_mask) != 0) now = changed_from(now, 0);
}

MOE_INLINE void ThreadPool::serve(std::size_t worker) {
  const detail::FloatEnvironment environment;
  std::uint32_t now = state_.load(std::memory_order_acquire);
  while (!stopping_.load(std::memory_order_relaxed)) {
    if ((now & open_bit) == 0) {
      now = changed_from(now, worker);
    } else if (state_.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) {
      body_(worker);
      now = leave(worker);
    }
  }
}

MOE_INLINE std::uint32_t ThreadPool::leave(std::size_t worker) {
  const std::uint32_t before = state_.fetch_sub(1, std::memory_order_acq_rel);
  std::uint32_t now = before - 1;
  if ((before & (open_bit | inside_mask)) == 1) changed_.notify_all(state_);  // close() may be waiting
  while ((now & open_bit) != 0 && now / next_epoch == before / next_epoch) now = changed_from(now, worker);
  return now;
}

MOE_INLINE std::uint32_t ThreadPool::changed_from(std::uint32_t old, std::size_t worker) {
  for (int spin = 0; spin < spins; ++spin) {
    const std::uint32_t now = state_.load(std::memory_order_acquire);
    if (now != old) return now;
    if (!fetch_ahead(worker)) pause();
  }
  changed_.wait(state_, old);
  return state_.load(std::memory_order_acquire);
}

MOE_INLINE bool ThreadPool::fetch_ahead(std::size_t worker) {
  const std::byte* const from = ahead_.next(worker);
  if (!from) return false;
  for (std::size_t i = 0; i < detail::AnnouncedBytes::step_bytes; i += 64) prefetch(from + i);
  return true;
}

MOE_INLINE void ThreadPool::prefetch([[maybe_unused]] const std::byte* at) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(at, 0, 2);
#elif defined(_M_X64)
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
#endif
}

MOE_INLINE void ThreadPool::pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

MOE_INLINE void ThreadPool::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  state_.fetch_add(next_epoch, std::memory_order_release);
  changed_.notify_all(state_);
  for (std::thread& worker : workers_) worker.join();
}

}  // namespace moe::inline MOE_ABI
