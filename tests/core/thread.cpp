#include "detail/core/mutex.hpp"
#include "detail/core/thread.hpp"

#include <doctest/doctest.h>

#include <vector>

TEST_CASE("thread: it calls its function, and what that did is seen after join()") {
  int calls = 0;
  moe::detail::Thread thread([&] { ++calls; });
  thread.join();
  CHECK(calls == 1);
}

TEST_CASE("mutex: what is done while it is held is not done twice at a time") {
  moe::detail::Mutex mutex;
  int count = 0;
  std::vector<moe::detail::Thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        moe::detail::Lock lock(mutex);
        ++count;
        lock.unlock();
        if (lock.held()) return;
        lock.lock();
        ++count;
      }
    });
  for (moe::detail::Thread& thread : threads) thread.join();
  CHECK(count == 4 * 10'000 * 2);
}

TEST_CASE("cores: this machine has one at least") { CHECK(moe::detail::cores() >= 1); }
