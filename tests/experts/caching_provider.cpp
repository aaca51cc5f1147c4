// SPDX-License-Identifier: MIT
#include "detail/experts/expert.hpp"
#include "detail/experts/lru.hpp"
#include "detail/experts/caching_provider.hpp"
#include "support/message_of.hpp"
#include "support/scripted_provider.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
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

TEST_CASE("caching provider: a resident expert is not loaded again, an evicted one is") {
  const Scripted script;
  Cache cache = script.cache(2);
  for (const std::uint32_t expert : {0u, 1u, 0u, 1u}) get(cache, {0, expert});
  CHECK(script.shared->reads == 2);
  get(cache, {0, 2});  // evicts expert 0
  get(cache, {0, 1});
  CHECK(script.shared->reads == 3);
  get(cache, {0, 0});
  CHECK(script.shared->reads == 4);
  CHECK(script.shared->alive == 2);
  CHECK(cache.statistics().evictions == 2);
}

TEST_CASE("caching provider: try_acquire returns resident experts only") {
  const Scripted script;
  Cache cache = script.cache(2);
  CHECK_FALSE(cache.try_acquire({0, 0}));
  get(cache, {0, 0});
  CHECK(ScriptedProvider::right(**cache.try_acquire({0, 0}), {0, 0}));
  CHECK(script.shared->reads == 1);
}

TEST_CASE("caching provider: an expert that many threads request is loaded once") {
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

TEST_CASE(
    "caching provider: announced experts are admitted at once, and loaded by the first caller of load or "
    "acquire") {
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

TEST_CASE("caching provider: errors are not cached") {
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

TEST_CASE("caching provider: a budget below one expert is an error that names both sizes") {
  const Scripted script;
  check_error(
      [&] {
        return Cache(ScriptedProvider(script.shared), {.budget_bytes = 95, .largest_bytes = one_expert});
      },
      {"budget", "96 bytes", "95 bytes"});
  Cache unknowing(ScriptedProvider(script.shared), 95);
  check_error([&] { return unknowing.acquire({0, 0}); }, {"budget", "96 bytes", "95 bytes"});
}

TEST_CASE("caching provider: pinned experts are never evicted, and leave half of the budget") {
  const Scripted script;
  Cache cache = script.cache(4);
  const moe::ExpertId ids[] = {{0, 0}, {0, 1}, {0, 2}};
  CHECK(cache.pin(ids) == 2);
  for (std::uint32_t expert = 5; expert < 15; ++expert) get(cache, {3, expert});
  CHECK(cache.try_acquire(ids[0]));
  CHECK(cache.try_acquire(ids[1]));
}

TEST_CASE("caching provider: a leased expert stays readable through evictions and moves of the provider") {
  const Scripted script;
  Cache moved = script.cache(1);
  Cache cache = script.cache(2);
  const auto lease = cache.acquire({2, 2});
  for (std::uint32_t expert = 0; expert < 16; ++expert) get(cache, {1, expert});
  CHECK(ScriptedProvider::right(*lease, {2, 2}));
  moved = std::move(cache);
  CHECK(ScriptedProvider::right(*lease, {2, 2}));
}

TEST_CASE("caching provider: acquire waits for room while leases fill the budget") {
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

namespace {

/// A provider whose bytes() states ten bytes for experts of layer 0, and fifty bytes for other experts. Its weights are empty.
struct UnequalProvider {
  const moe::ExpertWeights* acquire(moe::ExpertId) { return &weights; }
  std::size_t bytes(moe::ExpertId id) { return id.layer == 0 ? 10 : 50; }
  moe::ExpertWeights weights;
};

std::size_t pin_one(auto& cache, moe::ExpertId id) { return cache.pin({&id, 1}); }

}  // namespace

TEST_CASE("caching provider: an expert larger than the room beside pinned experts is an error") {
  const Watchdog watchdog(std::chrono::seconds(60));
  moe::CachingProvider cache(UnequalProvider(), 60);
  for (const std::uint32_t expert : {0u, 1u, 2u}) CHECK(pin_one(cache, {0, expert}) == 1);
  check_error(
      [&] {
        return cache.acquire({1, 0});
      },
      {"expert 0 of layer 1", "at most 30 bytes", "pinned", "50 bytes"});
  CHECK(cache.acquire({0, 7}).operator*().bytes() == 0);  // other experts are served
}

TEST_CASE("caching provider: pins leave room for the largest expert that was requested") {
  const Watchdog watchdog(std::chrono::seconds(60));
  moe::CachingProvider cache(UnequalProvider(), 60);
  (void)cache.acquire({1, 0});
  const moe::ExpertId ids[] = {{0, 0}, {0, 1}, {0, 2}};
  CHECK(cache.pin(ids) == 1);
  (void)cache.acquire({1, 1});
}

TEST_CASE("caching provider: pinning an expert twice takes its bytes once") {
  const Scripted script;
  Cache cache = script.cache(4);
  const moe::ExpertId ids[] = {{0, 0}, {0, 0}, {0, 0}, {0, 1}, {0, 2}};
  CHECK(cache.pin(ids) == 4);
}

TEST_CASE("caching provider: a pin that fails takes nothing of the budget") {
  const Scripted script;
  bool broken = true;
  script.shared->on_read = [&](moe::ExpertId, std::size_t) {
    if (broken) moe::detail::fail("disk", "byte 0", "to read", "Input/output error");
  };
  Cache cache = script.cache(2);
  for (int round = 0; round < 3; ++round)
    check_error([&] { return pin_one(cache, {0, 0}); }, {"Input/output error"});
  broken = false;
  CHECK(pin_one(cache, {0, 0}) == 1);
  CHECK(pin_one(cache, {0, 1}) == 0);
}

TEST_CASE("caching provider: threads that pin at the same time leave half of the budget together") {
  const Watchdog watchdog(std::chrono::seconds(60));
  for (int round = 0; round < 20; ++round) {
    const Scripted script;
    Cache cache = script.cache(8);
    std::atomic<int> ready = 0;
    std::atomic<std::size_t> pinned = 0;
    script.shared->on_read = [](moe::ExpertId, std::size_t) { std::this_thread::yield(); };
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        ++ready;
        while (ready < 8) std::this_thread::yield();
        for (std::uint32_t expert = 0; expert < 4; ++expert) pinned += pin_one(cache, {t, expert});
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(pinned == 4);
    get(cache, {15, 15});
  }
}

TEST_CASE(
    "caching provider: after an exception of the inner provider no lease, reserved room or waiting thread "
    "remains") {
  const Watchdog watchdog(std::chrono::seconds(120));
  struct Other {};  // an exception of no known type
  const Scripted script;
  script.shared->on_read = [](moe::ExpertId, std::size_t read) {
    if (read % 5 == 0) moe::detail::fail("disk", "byte 0", "to read", "Input/output error");
    if (read % 5 == 1) throw std::bad_alloc();
    if (read % 5 == 2) throw Other();
  };
  Cache cache = script.cache(3);
  std::atomic<int> wrong = 0, thrown = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 500; ++i) {
        const moe::ExpertId id{0, (i * 7 + t) % 12};
        if (i % 3 == 0) cache.hint({.ids = {&id, 1}, .weights = {}, .kind = moe::Announcement::Kind::chosen});
        if (i % 4 == 0) cache.load(id, moe::Announcement::Kind::predicted);
        try {
          if (!ScriptedProvider::right(*cache.acquire(id), id)) ++wrong;
        } catch (...) {
          ++thrown;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(thrown > 0);
  script.shared->on_read = [](moe::ExpertId, std::size_t) {};
  std::vector<Cache::Lease> leases;
  for (std::uint32_t expert = 0; expert < 3; ++expert) leases.push_back(cache.acquire({1, expert}));
  CHECK(script.shared->alive == 3);  // all room is for these leases: nothing else holds any
  CHECK(cache.statistics().resident_bytes == 3 * one_expert);
}

TEST_CASE("caching provider: threads that wait for an expert whose loading fails try to load it themselves") {
  const Watchdog watchdog(std::chrono::seconds(60));
  const Scripted script;
  std::atomic<int> asking = 0;
  script.shared->on_read = [&](moe::ExpertId, std::size_t read) {
    while (asking < 8) std::this_thread::yield();
    if (read <= 4) moe::detail::fail("disk", "byte 0", "to read", "Input/output error");
  };
  Cache cache = script.cache(1);
  std::atomic<int> served = 0, failed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      ++asking;
      message_of([&] { return cache.acquire({0, 3}), ++served; }).empty() ? 0 : ++failed;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 4);
  CHECK(served == 4);
}

TEST_CASE("caching provider: loading an expert that was not announced does nothing") {
  const Scripted script;
  Cache cache = script.cache(1);
  cache.load({0, 1}, moe::Announcement::Kind::chosen);
  CHECK(script.shared->reads == 0);
  CHECK(cache.statistics().resident_bytes == 0);
}

TEST_CASE("caching provider: a layer number beyond any model is an error") {
  moe::CachingProvider cache(UnequalProvider(), 60);
  check_error([&] { return cache.acquire({UINT32_MAX, 0}); }, {"layer", "65535", "4294967295"});
}

TEST_SUITE_END();
