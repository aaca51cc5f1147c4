// SPDX-License-Identifier: MIT
#include "detail/core/change_signal.hpp"
#include "detail/core/float_environment.hpp"
#include "detail/core/thread_pool.hpp"
#include "support/message_of.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif
#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace {

#if defined(__linux__)
/// The size of the address space of this process.
[[maybe_unused]] std::size_t address_space_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}
#endif

}  // namespace

TEST_CASE("thread pool: every item is processed once, for any number of threads") {
  for (const std::size_t threads : {1u, 2u, 3u, 8u}) {
    moe::ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (const std::size_t items : {0u, 1u, 2u, 7u, 1000u}) {
      std::vector<std::atomic<int>> done(items);
      pool.for_each(items, [&](std::size_t item, std::size_t) noexcept { ++done[item]; });
      for (const auto& count : done) REQUIRE(count == 1);
    }
  }
}

// The regions end at about the time when idle threads fall asleep.
TEST_CASE("thread pool: no change is lost on a thread that falls asleep") {
  const Watchdog watchdog(std::chrono::seconds(120));
  moe::ThreadPool pool(4);
  for (int region = 0; region < 3000; ++region) {
    std::atomic<std::size_t> sum = 0;
    pool.for_each_range(64, [&](std::size_t, std::size_t count, std::size_t) noexcept {
      for (std::size_t i = 0; i < 300 * count; ++i) sum.fetch_add(1, std::memory_order_relaxed);
    });
    REQUIRE(sum == 64 * 300);
  }
}

TEST_CASE("thread pool: a signal with a lock wakes threads at every change") {
  constexpr std::uint32_t last = 20000;
  const Watchdog watchdog(std::chrono::seconds(120));
  moe::detail::LockedSignal signal;
  std::atomic<std::uint32_t> number = 0;
  // The threads change the number in turns.
  const auto change = [&](std::uint32_t parity) {
    for (std::uint32_t now = number; now < last; now = number) {
      if (now % 2 != parity) {
        signal.wait(number, now);
      } else {
        number.store(now + 1, std::memory_order_release);
        signal.notify_all(number);
      }
    }
  };
  std::thread odd(change, 1);
  change(0);
  odd.join();
  CHECK(number == last);
}

TEST_CASE("thread pool: ranges contain every item once, for any number of threads") {
  static const std::vector<std::byte> memory(5000);
  for (const std::size_t threads : {1u, 2u, 3u, 8u}) {
    moe::ThreadPool pool(threads);
    pool.read_ahead(memory.data(), memory.size());
    for (const std::size_t items : {0u, 1u, 2u, 7u, 1000u}) {
      std::vector<std::atomic<int>> done(items);
      std::atomic<bool> other_worker = false;
      for (int region = 0; region < 20; ++region)
        pool.for_each_range(items, [&](std::size_t first, std::size_t count, std::size_t worker) noexcept {
          if (count == 0 || worker >= threads) other_worker = true;
          for (std::size_t item = first; item < first + count; ++item) ++done[item];
        });
      CHECK_FALSE(other_worker);
      for (const auto& count : done) REQUIRE(count == 20);
    }
  }
}

TEST_CASE("thread pool: ranges contain every item once, even if items times threads exceeds 32 bits") {
  moe::ThreadPool pool(3);
  constexpr std::size_t items = std::size_t{1} << 31;
  std::atomic<std::uint64_t> processed = 0;
  pool.for_each_range(items, [&](std::size_t, std::size_t count, std::size_t) noexcept {
    processed += std::uint64_t{count};
  });
  CHECK(processed == items);
}

TEST_CASE("thread pool: a worker that has finished its share steals from a slow worker") {
  moe::ThreadPool pool(2);
  std::atomic<int> done = 0;
  // The calling thread takes one range, then waits until the other worker has processed the rest.
  bool begun = false;
  pool.for_each_range(64, [&](std::size_t, std::size_t count, std::size_t worker) noexcept {
    done += static_cast<int>(count);
    if (worker != 0 || begun) return;
    begun = true;
    while (done < 64) std::this_thread::yield();
  });
  CHECK(done == 64);
}

TEST_CASE("thread pool: no two items run at the same time with the same worker") {
  moe::ThreadPool pool(4);
  std::vector<std::atomic<int>> inside(4);
  std::atomic<bool> collided = false;
  for (int region = 0; region < 200; ++region)
    pool.for_each(16, [&](std::size_t, std::size_t worker) noexcept {
      if (++inside[worker] != 1) collided = true;
      std::this_thread::yield();
      --inside[worker];
    });
  CHECK_FALSE(collided);
}

TEST_CASE("thread pool: a region runs completely, also after the workers went to sleep") {
  moe::ThreadPool pool(3);
  int sum = 0;
  for (int region = 0; region < 2000; ++region) {
    std::atomic<int> done = 0;
    pool.for_each(5, [&](std::size_t, std::size_t) noexcept { ++done; });
    sum += done;
    if (region % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(sum == 10000);
}

TEST_CASE("thread pool: a caller that finds the pool busy processes all items on its own thread") {
  moe::ThreadPool pool(2);
  std::atomic<bool> busy = false, done = false;
  std::thread other([&] {
    pool.for_each(2, [&](std::size_t, std::size_t) noexcept {
      busy = true;
      while (!done) std::this_thread::yield();
    });
  });
  while (!busy) std::this_thread::yield();
  const std::thread::id self = std::this_thread::get_id();
  int own_items = 0, own_ranges = 0;
  pool.for_each(4, [&](std::size_t, std::size_t worker) noexcept {
    if (worker == 0 && std::this_thread::get_id() == self) ++own_items;
  });
  pool.for_each_range(4, [&](std::size_t first, std::size_t count, std::size_t worker) noexcept {
    if (first == 0 && count == 4 && worker == 0 && std::this_thread::get_id() == self) ++own_ranges;
  });
  done = true;
  other.join();
  CHECK(own_items == 4);
  CHECK(own_ranges == 1);
}

TEST_CASE("thread pool: each region of several callers at the same time processes every item once") {
  moe::ThreadPool pool(2);
  std::vector<std::thread> callers;
  std::vector<int> sums(6);
  for (int& sum : sums)
    callers.emplace_back([&pool, &sum] {
      for (int region = 0; region < 500; ++region) {
        std::atomic<int> done = 0;
        pool.for_each(4, [&](std::size_t, std::size_t) noexcept { ++done; });
        sum += done;
      }
    });
  for (std::thread& caller : callers) caller.join();
  for (const int sum : sums) CHECK(sum == 2000);
}

TEST_CASE("thread pool: a nested region runs on the thread of its caller") {
  moe::ThreadPool pool(2);
  std::atomic<int> done = 0;
  pool.for_each(4, [&](std::size_t, std::size_t) noexcept {
    const std::thread::id self = std::this_thread::get_id();
    pool.for_each(4, [&](std::size_t, std::size_t worker) noexcept {
      done += worker == 0 && std::this_thread::get_id() == self ? 1 : 100;
    });
  });
  CHECK(done == 16);
}

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("thread pool: a system that refuses more threads is an error, and the threads that started end") {
  // A thread needs address space for its stack: 1022 stacks, even those of 128 KiB, do not fit into 64 MiB.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
  rlimit low = before;
  low.rlim_cur = address_space_bytes() + (std::size_t{64} << 20);
  REQUIRE(setrlimit(RLIMIT_AS, &low) == 0);
  const std::string message = message_of([] { return moe::ThreadPool(1023).threads(); });
  REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(message.find("threads: ThreadPool: expected a thread") == 0);
}
#endif

#if defined(__x86_64__)
TEST_CASE("float environment: the destructor restores the settings of the caller") {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x6000);  // towards zero
  {
    const moe::detail::FloatEnvironment environment;
    CHECK((_mm_getcsr() & 0xe040) == 0x8040);  // to nearest, denormals are zero both ways
  }
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  CHECK((after & 0xffc0) == ((before | 0x6000) & 0xffc0));  // all bits but the flags of past exceptions
}

TEST_CASE(
    "thread pool: denormal numbers are zero for all workers but worker 0, which keeps the settings of its "
    "caller") {
  moe::ThreadPool pool(2);
  const unsigned caller = _mm_getcsr() & 0xffc0;
  std::atomic<unsigned> settings[2] = {0, 0};
  // Each worker processes one item, because it waits for the other worker.
  pool.for_each(2, [&](std::size_t, std::size_t worker) noexcept {
    settings[worker] = _mm_getcsr() & 0xffc0;
    while (settings[1 - worker] == 0) std::this_thread::yield();
  });
  CHECK(settings[0] == caller);
  CHECK((settings[1] & 0xe040) == 0x8040);
}
#endif
