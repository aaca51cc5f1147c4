#pragma once
#include "config.hpp"
#include "function_ref.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <type_traits>
#include <vector>

namespace moe::inline MOE_ABI {

/// Threads for short parallel regions: idle ones spin for some 50 microseconds and then sleep.
/// The calling thread takes part, and a region never waits for a thread that has not started on it, so a
/// sleeping or preempted worker costs no time. Safe to call from several threads: who finds the pool busy
/// works alone.
class ThreadPool {
 public:
  /// `threads` counts the caller; 0 stands for one per core.
  explicit ThreadPool(std::size_t threads = 0);

  ~ThreadPool() { stop(); }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t threads() const { return threads_; }

  /// How many a pool has that is made with that number.
  static std::size_t threads_for(std::size_t threads);

  /// Calls task(item, worker) once for every item in [0, items), in any order; returns when all are done.
  /// worker < threads(), and no two calls of one region run at the same time with the same worker.
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

  /// Calls task(first, count, worker) for ranges that together are [0, items); returns when all are done. Each worker begins
  /// with a share of its own and goes through it in order, in ever smaller ranges; then it takes over the ends of others'
  /// shares. So memory is read in long runs, and all threads end together. As for worker, see for_each().
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
      shares_[i].set(items * i / threads_, items * (i + 1) / threads_);
    run([&](std::size_t worker) noexcept {
      Range range = shares_[worker].take_front();
      for (; range.count > 0; range = shares_[worker].take_front()) task(range.first, range.count, worker);
      while ((range = take_over(worker)).count > 0) task(range.first, range.count, worker);
    });
  }

  /// Threads that have nothing to do fetch the begin of their shares of these bytes, as for_each_range() will hand them out,
  /// into their caches, until the next region begins. What is read need not be there any more.
  void read_ahead(const std::byte* from, std::size_t bytes);

 private:
  // One word says it all, so that joining a region and closing it cannot miss each other:
  // the number of workers inside, whether it is open, and the number of the region.
  static constexpr std::uint32_t max_threads = 1023;
  static constexpr std::uint32_t inside_mask = 1023;
  static constexpr std::uint32_t open_bit = 1024;
  static constexpr std::uint32_t next_epoch = 2048;

  // A pause takes 10 to 140 cycles: some 100 microseconds in all, longer than the pauses between the regions
  // of a token.
  static constexpr int spins = 5000;

  struct Range {
    std::size_t first = 0, count = 0;
  };

  /// What is left of a worker's share of a region.
  class alignas(64) Share {
   public:
    void set(std::size_t first, std::size_t end);

    /// The first half of it, or all of one; nothing if nothing is left.
    Range take_front();

    /// The second half.
    Range take_back();

   private:
    std::atomic<std::uint64_t> bounds_ = 0;  // first in the upper half, end in the lower
  };

  /// Work of somebody who has not come to it.
  Range take_over(std::size_t worker);

  /// Calls body(worker) on as many threads as come. The pool is busy.
  template <class Body>
  void run(Body body) {
    body_ = body;
    open();
    body(0);
    close();
    busy_.store(false, std::memory_order_release);
  }

  void open();

  void close();

  void serve(std::size_t worker);

  /// Steps out of the region and returns the first state in which that region is over.
  std::uint32_t leave(std::size_t worker);

  /// Waits until the state is no longer `old`.
  std::uint32_t changed_from(std::uint32_t old, std::size_t worker) const;

  /// Fetches some lines of what will be read; false if there is nothing to fetch, or enough has been.
  bool fetch_ahead(std::size_t worker, std::size_t& fetched) const;

  static void prefetch([[maybe_unused]] const std::byte* at);

  static void pause();

  void stop();

  const std::size_t threads_;

  std::atomic<bool> busy_ = false;  // a caller owns the three below
  FunctionRef<void(std::size_t)> body_;
  std::atomic<std::size_t> next_item_ = 0;
  std::vector<Share> shares_;  // [threads]

  std::atomic<const std::byte*> ahead_ = nullptr;
  std::atomic<std::size_t> ahead_bytes_ = 0;

  alignas(64) std::atomic<std::uint32_t> state_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "thread_pool.ipp"
#endif
