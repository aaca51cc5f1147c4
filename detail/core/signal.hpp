#pragma once
#include "mutex.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace moe::detail {

/// Lets threads wait until another one says that something has changed. All members are called with one and the same mutex
/// locked. As std::condition_variable, whose header takes compilers long.
class Signal {
 public:
  /// Unlocks, sleeps until tell() is called, locks. May return without reason.
  void wait(Lock& lock) {
    const std::uint32_t seen = changes_.load(std::memory_order_relaxed);
    ++waiting_;
    lock.unlock();
    changes_.wait(seen, std::memory_order_relaxed);
    lock.lock();
    --waiting_;
  }

  /// Wakes all that wait; costs nothing if nobody does.
  void tell() {
    if (waiting_ == 0) return;
    changes_.fetch_add(1, std::memory_order_relaxed);
    changes_.notify_all();
  }

 private:
  std::size_t waiting_ = 0;
  std::atomic<std::uint32_t> changes_ = 0;
};

}  // namespace moe::detail
