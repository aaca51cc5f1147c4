#include "detail/core/float_environment.hpp"
#include "detail/core/thread_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

TEST_CASE("thread pool: every item is done once, whatever the number of threads") {
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

TEST_CASE("thread pool: ranges are every item once, whatever the number of threads") {
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

TEST_CASE("thread pool: who has done his share of the ranges takes over what a slow one has left") {
  moe::ThreadPool pool(2);
  std::atomic<int> done = 0;
  bool begun = false;  // by the caller, who then waits until the other one has done all the rest
  pool.for_each_range(64, [&](std::size_t, std::size_t count, std::size_t worker) noexcept {
    done += static_cast<int>(count);
    if (worker != 0 || begun) return;
    begun = true;
    while (done < 64) std::this_thread::yield();
  });
  CHECK(done == 64);
}

TEST_CASE("thread pool: no two items run at once with the same worker") {
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

TEST_CASE("thread pool: regions follow each other, also after the workers have gone to sleep") {
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

TEST_CASE("thread pool: callers that find it busy do their work alone") {
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

TEST_CASE("thread pool: a region inside a region is done by its caller") {
  moe::ThreadPool pool(2);
  std::atomic<int> done = 0;
  pool.for_each(4, [&](std::size_t, std::size_t) noexcept {
    pool.for_each(4, [&](std::size_t, std::size_t worker) noexcept { done += worker == 0 ? 1 : 100; });
  });
  CHECK(done == 16);
}

#if defined(__x86_64__)
TEST_CASE("float environment: the caller's rounding and flags come back") {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x6000);  // towards zero
  {
    const moe::detail::FloatEnvironment environment;
    CHECK((_mm_getcsr() & 0xe040) == 0x8040);  // to nearest, denormals are zero both ways
  }
  CHECK((_mm_getcsr() & 0x6000) == 0x6000);
  _mm_setcsr(before);
}
#endif
