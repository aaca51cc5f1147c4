// SPDX-License-Identifier: MIT
#pragma once
#include "announced_bytes.hpp"
#include "change_signal.hpp"
#include "config.hpp"
#include "function_ref.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace moe::inline MOE_ABI {

/// Threads for short parallel regions: a region is one call of for_each() or for_each_range(). The calling thread takes part in
/// a region as worker 0. A region never waits for a worker that has not entered the region, so a sleeping worker costs no time.
/// Idle workers spin for about 100 microseconds and then sleep. All workers but worker 0 round to nearest and count denormal
/// numbers as zero (FloatEnvironment); worker 0 has the settings of the calling thread.
/// Safe to call from several threads: while one region runs, other callers run their regions on their own thread.
class alignas(64) ThreadPool {  // 64: state_ has a cache line of its own
 public:
  /// `threads` includes the calling thread; 0 means one for each logical processor; more than 1023 count as 1023. Throws an
  /// Error if a thread cannot be started.
  explicit ThreadPool(std::size_t threads = 0);

  ~ThreadPool() { stop(); }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// The number of threads, the calling thread included.
  std::size_t threads() const { return threads_; }

  /// The number of threads of a pool that is constructed with `threads`.
  static std::size_t threads_for(std::size_t threads);

  /// Calls task(item, worker) once for every item in [0, items), in any order; returns when all calls have returned.
  /// worker < threads(); within one region, calls with the same worker never run at the same time.
  template <class Task>
  void for_each(std::size_t items, Task&& task) {
    static_assert(std::is_nothrow_invocable_v<Task&, std::size_t, std::size_t>,
                  "mark the task noexcept: nothing can be thrown out of a parallel region");
    if (items < 2 || threads_ == 1 || busy_.exchange(true, std::memory_order_acquire)) {
      for (std::size_t item = 0; item < items; ++item) task(item, 0);
      return;
    }
    next_item_.store(0, std::memory_order_relaxed);
    run([&](std::size_t worker) noexcept {
      for (std::size_t item; (item = next_item_.fetch_add(1, std::memory_order_relaxed)) < items;)
        task(item, worker);
    });
  }

  /// Calls task(first, count, worker) for disjoint ranges whose union is [0, items); returns when all calls have returned.
  /// Each worker has a contiguous share and takes ranges from its front, half of the remaining share at a time. A worker
  /// whose share is empty steals ranges from the back of other shares. So each worker reads long runs of memory, and all
  /// workers finish at about the same time. `worker` has the same meaning as in for_each(). Precondition: items < 2^32 - 1.
  template <class Task>
  void for_each_range(std::size_t items, Task&& task) {
    static_assert(std::is_nothrow_invocable_v<Task&, std::size_t, std::size_t, std::size_t>,
                  "mark the task noexcept: nothing can be thrown out of a parallel region");
    MOE_ASSERT(items < UINT32_MAX);
    if (items < 2 || threads_ == 1 || busy_.exchange(true, std::memory_order_acquire)) {
      if (items > 0) task(0, items, 0);
      return;
    }
    for (std::size_t i = 0; i < threads_; ++i)
      shares_[i].set(share_begin(items, i), share_begin(items, i + 1));
    run([&](std::size_t worker) noexcept {
      Range range = shares_[worker].take_front();
      for (; range.count > 0; range = shares_[worker].take_front()) task(range.first, range.count, worker);
      while ((range = take_over(worker)).count > 0) task(range.first, range.count, worker);
    });
  }

  /// From now on, each worker that waits prefetches the first part of its share of these bytes into its caches, once. The
  /// shares are contiguous and equal, as in for_each_range(). Null ends the prefetches. Prefetches never fault, so the memory
  /// may be freed at any time.
  void read_ahead(const std::byte* from, std::size_t bytes);

 private:
  // One atomic word holds the state of a region, so that a worker can enter only while the region is open: the number of
  // workers inside (bits 0 to 9), whether the region is open (bit 10), and the number of the region (bits 11 to 31).
  static constexpr std::uint32_t max_threads = 1023;
  static constexpr std::uint32_t inside_mask = 1023;
  static constexpr std::uint32_t open_bit = 1024;
  static constexpr std::uint32_t next_epoch = 2048;

  // A pause of x86-64 takes 10 to 140 cycles, so this many pauses take 15 to 200 microseconds: longer than the time between the
  // regions of one token.
  static constexpr int spins = 5000;

  struct Range {
    std::size_t first = 0, count = 0;
  };

  /// The remaining range of a worker's share of a region.
  class alignas(64) Share {
   public:
    void set(std::size_t first, std::size_t end);

    /// Takes the first half, rounded up; an empty range if the share is empty.
    Range take_front();

    /// Takes the second half, rounded up; an empty range if the share is empty.
    Range take_back();

   private:
    std::atomic<std::uint64_t> bounds_ = 0;  // first in the upper half, end in the lower
  };

  /// The first item of the share of worker i; of i = threads(): `items`.
  std::size_t share_begin(std::size_t items, std::size_t i) const {
    return static_cast<std::size_t>(std::uint64_t{items} * i / threads_);  // 32 bits cannot hold the product
  }

  /// Steals a range from the share of another worker; an empty range if all shares are empty.
  Range take_over(std::size_t worker);

  /// Calls body(worker) on this thread and on each worker that enters while body runs here. Requires busy_.
  template <class Body>
  void run(Body body) {
    body_ = body;
    open();
    body(0);
    close();
    busy_.store(false, std::memory_order_release);
  }

  /// Opens the next region and wakes sleeping workers.
  void open();

  /// Closes the region and waits until no worker is inside.
  void close();

  /// The loop of a worker thread.
  void serve(std::size_t worker);

  /// Leaves the region, waits until this region is closed or another region is open, and returns the state.
  std::uint32_t leave(std::size_t worker);

  /// Waits until the state differs from `old` and returns it.
  std::uint32_t changed_from(std::uint32_t old, std::size_t worker);

  /// Prefetches the next lines of the bytes given to read_ahead(); false if nothing remains to be prefetched.
  bool fetch_ahead(std::size_t worker);

  static void prefetch(const std::byte* at);

  static void pause();

  /// Ends and joins all worker threads.
  void stop();

  const std::size_t threads_;

  std::atomic<bool> busy_ = false;  // true while a caller owns the three members below and is worker 0
  FunctionRef<void(std::size_t)> body_;
  std::atomic<std::size_t> next_item_ = 0;
  std::vector<Share> shares_;  // [threads]

  detail::AnnouncedBytes ahead_;

  alignas(64) std::atomic<std::uint32_t> state_ = 0;
  detail::ChangeSignal changed_;  // of state_
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "thread_pool.ipp"
#endif
