#include "detail/experts/expert.hpp"
#include "detail/experts/lru.hpp"
#include "detail/experts/caching_provider.hpp"
#include "support/message_of.hpp"
#include "support/scripted_provider.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace {

using Cache = moe::CachingProvider<ScriptedProvider, moe::Lru>;
constexpr std::size_t one_expert = ScriptedProvider::expert_bytes;

struct Scripted {
  std::shared_ptr<ScriptedProvider::Shared> shared = std::make_shared<ScriptedProvider::Shared>();

  Cache cache(std::size_t experts) const { return Cache(ScriptedProvider(shared), experts * one_expert); }
};

void get(Cache& cache, moe::ExpertId id) { CHECK(ScriptedProvider::right(*cache.acquire(id), id)); }

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("lru provider: an expert that is kept is not read again, one that was evicted is") {
  const Scripted script;
  Cache cache = script.cache(2);
  for (const std::uint32_t expert : {0u, 1u, 0u, 1u}) get(cache, {0, expert});
  CHECK(script.shared->reads == 2);
  get(cache, {0, 2});  // in place of 0
  get(cache, {0, 1});
  CHECK(script.shared->reads == 3);
  get(cache, {0, 0});
  CHECK(script.shared->reads == 4);
  CHECK(script.shared->alive == 2);
  CHECK(cache.statistics().evictions == 2);
}

TEST_CASE("lru provider: only what is there can be acquired at once") {
  const Scripted script;
  Cache cache = script.cache(2);
  CHECK_FALSE(cache.try_acquire({0, 0}));
  get(cache, {0, 0});
  CHECK(ScriptedProvider::right(**cache.try_acquire({0, 0}), {0, 0}));
  CHECK(script.shared->reads == 1);
}

TEST_CASE("lru provider: however many ask for an expert, it is loaded once") {
  const Scripted script;
  std::atomic<int> asking = 0;
  script.shared->on_read = [&](moe::ExpertId, std::size_t) {
    while (asking < 8) std::this_thread::yield();
  };
  Cache cache = script.cache(4);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      ++asking;
      right += ScriptedProvider::right(*cache.acquire({1, 2}), {1, 2});
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
  CHECK(script.shared->reads == 1);
}

TEST_CASE("lru provider: announced experts are let in at once and loaded by whoever comes first") {
  const Scripted script;
  Cache cache = script.cache(3);
  const moe::ExpertId ids[] = {{0, 0}, {0, 1}, {0, 2}, {0, 3}};
  cache.hint({.ids = ids, .kind = moe::Announcement::Kind::chosen});
  CHECK(script.shared->reads == 0);
  CHECK(cache.statistics().resident_bytes == 3 * one_expert);
  cache.load(ids[1], moe::Announcement::Kind::chosen);
  cache.load(ids[1], moe::Announcement::Kind::chosen);
  cache.load(ids[3], moe::Announcement::Kind::chosen);  // there was no room for it
  CHECK(script.shared->reads == 1);
  for (const moe::ExpertId id : ids) get(cache, id);
  CHECK(script.shared->reads == 4);
}

TEST_CASE("lru provider: an error is told each time, and forgotten once the expert can be read") {
  const Scripted script;
  bool broken = true;
  script.shared->on_read = [&](moe::ExpertId id, std::size_t) {
    if (broken && id.expert == 1) moe::detail::fail("disk", "byte 0", "to read", "Input/output error");
  };
  Cache cache = script.cache(1);
  const moe::ExpertId bad{0, 1};
  for (int round = 0; round < 2; ++round) {
    check_error([&] { return cache.acquire(bad); }, {"Input/output error"});
    cache.hint({.ids = {&bad, 1}, .kind = moe::Announcement::Kind::chosen});
    cache.load(bad, moe::Announcement::Kind::chosen);
    CHECK(cache.statistics().resident_bytes == 0);
    get(cache, {0, 0});
  }
  broken = false;
  get(cache, bad);
}

TEST_CASE("lru provider: a budget below one expert is refused, with the number") {
  const Scripted script;
  check_error(
      [&] {
        return Cache(ScriptedProvider(script.shared), {.budget_bytes = 95, .largest_bytes = one_expert});
      },
      {"budget", "96 bytes", "95 bytes"});
  Cache unknowing(ScriptedProvider(script.shared), 95);
  check_error([&] { return unknowing.acquire({0, 0}); }, {"budget", "96 bytes", "95 bytes"});
}

TEST_CASE("lru provider: pinned experts stay, as long as half of the budget remains for others") {
  const Scripted script;
  Cache cache = script.cache(4);
  const moe::ExpertId ids[] = {{0, 0}, {0, 1}, {0, 2}};
  CHECK(cache.pin(ids) == 2);
  for (std::uint32_t expert = 5; expert < 15; ++expert) get(cache, {3, expert});
  CHECK(cache.try_acquire(ids[0]));
  CHECK(cache.try_acquire(ids[1]));
}

TEST_CASE("lru provider: a lease keeps its expert through anything that others do") {
  const Scripted script;
  Cache moved = script.cache(1);
  Cache cache = script.cache(2);
  const auto lease = cache.acquire({2, 2});
  for (std::uint32_t expert = 0; expert < 16; ++expert) get(cache, {1, expert});
  CHECK(ScriptedProvider::right(*lease, {2, 2}));
  moved = std::move(cache);
  CHECK(ScriptedProvider::right(*lease, {2, 2}));
}

TEST_CASE("lru provider: a full budget makes callers wait, not fail") {
  const Scripted script;
  Cache cache = script.cache(1);
  auto lease = std::make_unique<Cache::Lease>(cache.acquire({0, 0}));
  std::atomic<bool> served = false;
  std::thread other([&] {
    get(cache, {0, 1});
    served = true;
  });
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  CHECK_FALSE(served);
  lease.reset();
  other.join();
  CHECK(served);
}

TEST_SUITE_END();
