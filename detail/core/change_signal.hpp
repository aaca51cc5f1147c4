// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace moe::inline MOE_ABI::detail {

/// Waits until an atomic number changes. Uses a mutex and a condition variable.
class LockedSignal {
 public:
  /// Returns when `number` differs from `old`. Each change must be followed by notify_all().
  void wait(const std::atomic<std::uint32_t>& number, std::uint32_t old) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return number.load(std::memory_order_acquire) != old; });
  }

  void notify_all(std::atomic<std::uint32_t>&) {
    // wait() compares the number and falls asleep under the mutex. Without this lock, the notification could come between these
    // two steps and wake no thread.
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Waits until an atomic number changes. Uses std::atomic::wait.
struct AtomicSignal {
  void wait(const std::atomic<std::uint32_t>& number, std::uint32_t old) {
    number.wait(old, std::memory_order_acquire);
  }
  void notify_all(std::atomic<std::uint32_t>& number) { number.notify_all(); }
};

// If the system has no futexes, std::atomic::wait of libstdc++ compares the number first, and takes its lock later. A change
// between these two steps wakes no thread: on Windows, programs of MinGW would sleep for ever (seen with GCC 12).
#if defined(__GLIBCXX__) && !defined(__linux__)
using ChangeSignal = LockedSignal;
#else
using ChangeSignal = AtomicSignal;
#endif

}  // namespace moe::inline MOE_ABI::detail
