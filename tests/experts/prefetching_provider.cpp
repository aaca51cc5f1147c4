// SPDX-License-Identifier: MIT
#include "detail/experts/expert.hpp"
#include "detail/experts/lru.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "support/message_of.hpp"
#include "support/scripted_provider.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#endif

namespace {

using Cache = moe::CachingProvider<ScriptedProvider, moe::Lru>;

/// A prefetcher around a cache of 16 experts, whose reads can be blocked.
struct Setup {
  explicit Setup(std::size_t io_threads = 1)
      : provider(Cache(ScriptedProvider(shared), 16 * ScriptedProvider::expert_bytes), io_threads) {}

  /// Blocks all further reads until open() is called.
  void close() { gate.store(true); }
  void open() { gate.store(false); }

  std::shared_ptr<ScriptedProvider::Shared> make_shared() {
    auto made = std::make_shared<ScriptedProvider::Shared>();
    made->on_read = [this](moe::ExpertId, std::size_t) {
      while (gate.load()) std::this_thread::yield();
    };
    return made;
  }

  std::vector<moe::ExpertId> order() {
    const std::lock_guard lock(shared->mutex);
    return shared->order;
  }

  std::atomic<bool> gate = false;
  std::shared_ptr<ScriptedProvider::Shared> shared = make_shared();
  moe::PrefetchingProvider<Cache> provider;
};

template <class Condition>
void wait_until(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("prefetching: chosen experts are read in the background, once each") {
  Setup setup(2);
  const moe::ExpertId ids[] = {{0, 0}, {0, 1}, {0, 2}};
  setup.provider.hint({.ids = ids, .kind = moe::Announcement::Kind::chosen});
  for (const moe::ExpertId id : ids) wait_until([&] { return setup.provider.try_acquire(id).has_value(); });
  for (const moe::ExpertId id : ids) CHECK(ScriptedProvider::right(*setup.provider.acquire(id), id));
  CHECK(setup.shared->reads == 3);
}

TEST_CASE("prefetching: chosen experts are read before predicted ones") {
  Setup setup;
  setup.close();
  const moe::ExpertId busy{9, 9}, guesses[] = {{1, 0}, {1, 1}}, chosen[] = {{0, 0}, {0, 1}};
  setup.provider.hint({.ids = {&busy, 1}, .kind = moe::Announcement::Kind::chosen});
  wait_until([&] { return setup.shared->reads == 1; });
  setup.provider.hint({.ids = chosen, .kind = moe::Announcement::Kind::chosen});
  setup.provider.hint({.ids = guesses, .kind = moe::Announcement::Kind::predicted});
  setup.open();
  wait_until([&] { return setup.order().size() == 5; });
  CHECK(setup.order() == std::vector<moe::ExpertId>{busy, chosen[0], chosen[1], guesses[0], guesses[1]});
}

TEST_CASE("prefetching: a prediction replaces the previous prediction") {
  Setup setup;
  setup.close();
  const moe::ExpertId busy{9, 9}, old_guess{1, 0}, new_guess{2, 0};
  setup.provider.hint({.ids = {&busy, 1}, .kind = moe::Announcement::Kind::chosen});
  wait_until([&] { return setup.shared->reads == 1; });
  setup.provider.hint({.ids = {&old_guess, 1}, .kind = moe::Announcement::Kind::predicted});
  setup.provider.hint({.ids = {&new_guess, 1}, .kind = moe::Announcement::Kind::predicted});
  setup.open();
  wait_until([&] { return setup.order().size() == 2; });
  CHECK(setup.order() == std::vector<moe::ExpertId>{busy, new_guess});
}

TEST_CASE("prefetching: no prediction is read while a thread waits in acquire()") {
  Setup setup;
  setup.close();
  std::thread waiting([&] { CHECK(ScriptedProvider::right(*setup.provider.acquire({0, 0}), {0, 0})); });
  wait_until([&] { return setup.shared->reads == 1; });
  const moe::ExpertId guess{1, 0};
  setup.provider.hint({.ids = {&guess, 1}, .kind = moe::Announcement::Kind::predicted});
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  CHECK(setup.shared->reads == 1);
  setup.open();
  waiting.join();
  wait_until([&] { return setup.order().size() == 2; });
}

TEST_CASE("prefetching: an expert that is acquired while it is queued is read by that thread") {
  Setup setup;
  setup.close();
  const moe::ExpertId ids[] = {{9, 9}, {0, 0}, {0, 1}};
  setup.provider.hint({.ids = ids, .kind = moe::Announcement::Kind::chosen});
  wait_until([&] { return setup.shared->reads == 1; });
  std::thread asking([&] { CHECK(ScriptedProvider::right(*setup.provider.acquire(ids[2]), ids[2])); });
  wait_until([&] { return setup.shared->reads == 2; });
  setup.open();
  asking.join();
  CHECK(ScriptedProvider::right(*setup.provider.acquire(ids[1]), ids[1]));
  CHECK(setup.shared->reads == 3);
}

TEST_CASE("prefetching: an error of a background read is dropped, and acquire() reads again and throws") {
  Setup setup;
  std::atomic<bool> broken = true;
  setup.shared->on_read = [&](moe::ExpertId, std::size_t) {
    if (broken) moe::detail::fail("disk", "byte 0", "to read", "Input/output error");
  };
  const moe::ExpertId id{0, 0};
  setup.provider.hint({.ids = {&id, 1}, .kind = moe::Announcement::Kind::chosen});
  wait_until([&] { return setup.shared->reads == 1; });
  check_error([&] { return setup.provider.acquire(id); }, {"Input/output error"});
  broken = false;
  CHECK(ScriptedProvider::right(*setup.provider.acquire(id), id));
}

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if !defined(__has_feature)
#define __has_feature(x) 0
#endif
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
TEST_CASE("prefetching: if the system refuses a thread, the constructor throws an Error") {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
  const rlimit limited{pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{64} << 20),
                       before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_AS, &limited) == 0);  // too little for 1000 stacks, even those of 128 KiB
  const std::string message = message_of([] { return Setup(1000); });
  REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(message.find("io_threads: expected a thread") != std::string::npos);
}
#endif
#endif

TEST_CASE("prefetching: the provider can be destroyed while reads are in progress and queued") {
  for (int round = 0; round < 20; ++round) {
    std::shared_ptr<ScriptedProvider::Shared> shared;
    {
      Setup setup(3);
      shared = setup.shared;
      std::vector<moe::ExpertId> ids;
      for (std::uint32_t i = 0; i < 12; ++i) ids.push_back({i, i});
      setup.provider.hint({.ids = ids, .kind = moe::Announcement::Kind::chosen});
      setup.provider.hint({.ids = {ids.data(), 3}, .kind = moe::Announcement::Kind::predicted});
    }
    CHECK(shared->alive == 0);
  }
}

TEST_SUITE_END();
