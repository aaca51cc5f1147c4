#pragma once
#include "float_environment.hpp"
#include "function_ref.hpp"
#include "list.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <type_traits>

namespace moe {

/// Threads for short parallel regions: idle ones spin for some 50 microseconds and then sleep.
/// The calling thread takes part, and a region never waits for a thread that has not started on it, so a
/// sleeping or preempted worker costs no time. Safe to call from several threads: who finds the pool busy
/// works alone.
class ThreadPool {
 public:
  /// `threads` counts the caller; 0 stands for one per core.
  explicit ThreadPool(std::size_t threads = 0) {
    for (std::size_t worker = 1; worker < threads_for(threads); ++worker)
      workers_.emplace_back([this, worker] { serve(worker); });
  }

  ~ThreadPool() {
    stopping_.store(true, std::memory_order_relaxed);
    state_.fetch_add(next_epoch, std::memory_order_release);
    state_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t threads() const { return workers_.size() + 1; }

  /// How many a pool has that is made with that number.
  static std::size_t threads_for(std::size_t threads) {
    if (threads == 0) threads = std::thread::hardware_concurrency();
    return threads < 1 ? 1 : threads > max_threads ? max_threads : threads;
  }

  /// Calls task(item, worker) once for every item in [0, items), in any order; returns when all are done.
  /// worker < threads(), and no two calls of one region run at the same time with the same worker.
  template <class Task>
  void for_each(std::size_t items, Task&& task) {
    static_assert(std::is_nothrow_invocable_v<Task&, std::size_t, std::size_t>,
                  "mark the task noexcept: nothing can be thrown out of a parallel region");
    if (items < 2 || workers_.empty() || busy_.exchange(true, std::memory_order_acquire)) {
      for (std::size_t item = 0; item < items; ++item) task(item, 0);
      return;
    }
    task_ = task;
    items_ = items;
    next_item_.store(0, std::memory_order_relaxed);
    open();
    take_items(0);
    close();
    busy_.store(false, std::memory_order_release);
  }

 private:
  // One word says it all, so that joining a region and closing it cannot miss each other:
  // the number of workers inside, whether it is open, and the number of the region.
  static constexpr std::uint32_t max_threads = 1023;
  static constexpr std::uint32_t inside_mask = 1023;
  static constexpr std::uint32_t open_bit = 1024;
  static constexpr std::uint32_t next_epoch = 2048;

  // A pause takes 10 to 140 cycles: some 50 microseconds in all, longer than the pauses between the regions
  // of a token.
  static constexpr int spins = 2000;

  void open() {
    const std::uint32_t now = state_.load(std::memory_order_relaxed);
    state_.store((now + next_epoch) | open_bit, std::memory_order_release);
    state_.notify_all();
  }

  void close() {
    std::uint32_t now = state_.fetch_and(~open_bit, std::memory_order_acq_rel) & ~open_bit;
    while ((now & inside_mask) != 0) now = changed_from(now);
  }

  void serve(std::size_t worker) {
    const FloatEnvironment environment;
    std::uint32_t now = state_.load(std::memory_order_acquire);
    while (!stopping_.load(std::memory_order_relaxed)) {
      if ((now & open_bit) == 0) {
        now = changed_from(now);
      } else if (state_.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) {
        take_items(worker);
        now = leave();
      }
    }
  }

  /// Steps out of the region and returns the first state in which that region is over.
  std::uint32_t leave() {
    const std::uint32_t before = state_.fetch_sub(1, std::memory_order_acq_rel);
    std::uint32_t now = before - 1;
    if ((before & (open_bit | inside_mask)) == 1) state_.notify_all();  // the caller may be asleep in close()
    while ((now & open_bit) != 0 && now / next_epoch == before / next_epoch) now = changed_from(now);
    return now;
  }

  void take_items(std::size_t worker) {
    for (;;) {
      const std::size_t item = next_item_.fetch_add(1, std::memory_order_relaxed);
      if (item >= items_) return;
      task_(item, worker);
    }
  }

  /// Waits until the state is no longer `old`.
  std::uint32_t changed_from(std::uint32_t old) const {
    for (int spin = 0; spin < spins; ++spin) {
      const std::uint32_t now = state_.load(std::memory_order_acquire);
      if (now != old) return now;
      pause();
    }
    state_.wait(old, std::memory_order_acquire);
    return state_.load(std::memory_order_acquire);
  }

  static void pause() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }

  std::atomic<bool> busy_ = false;  // a caller owns the four below
  FunctionRef<void(std::size_t, std::size_t)> task_;
  std::size_t items_ = 0;
  std::atomic<std::size_t> next_item_ = 0;

  alignas(64) std::atomic<std::uint32_t> state_ = 0;
  std::atomic<bool> stopping_ = false;
  List<std::thread> workers_;
};

}  // namespace moe
