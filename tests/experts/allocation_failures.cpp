// SPDX-License-Identifier: MIT
// Lets each allocation of a sequence of calls fail in turn, and checks that nothing is lost or mixed up. A program of its
// own, since it replaces operator new.
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/decayed_frequency.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/expert_table.hpp"
#include "detail/experts/lru.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/provider.hpp"
#include "detail/experts/slab_pool.hpp"
#include "detail/experts/trace.hpp"
#include "support/scripted_provider.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace {

/// Each allocation of any thread decrements a positive number; the allocation that makes it 0 fails.
std::atomic<long> until_failure = 0;

void* allocate(std::size_t bytes) {
  if (until_failure.load() > 0 && until_failure.fetch_sub(1) == 1) throw std::bad_alloc();
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using Kind = moe::Announcement::Kind;
constexpr std::size_t one_expert = ScriptedProvider::expert_bytes;
constexpr std::uint32_t layer_count = 3, expert_count = 12;

/// Calls run(n) for n = 1, 2, ... until it returns false. run(n) lets its n-th allocation fail, and returns whether it made n
/// allocations.
template <class Run>
void fail_each_allocation(Run run) {
  for (long n = 1; n < 5000; ++n) {
    CAPTURE(n);
    const bool failed = run(n);
    REQUIRE(until_failure == 0);
    if (!failed) {
      CHECK(n > 3);  // some runs had a failed allocation
      return;
    }
  }
  FAIL("every run has a failed allocation");
}

/// While it lives, the n-th allocation fails.
class FailingAllocation {
 public:
  explicit FailingAllocation(long n) { until_failure = n; }
  ~FailingAllocation() { until_failure = 0; }

  /// Whether the n-th allocation was requested, and so failed.
  bool reached() const { return until_failure <= 0; }
};

/// Whether `action` succeeds; false after std::bad_alloc.
template <class Action>
bool succeeds(Action action) {
  try {
    action();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

moe::ExpertId id_of(std::uint32_t i) { return {i % layer_count, i * 5 % expert_count}; }

/// Calls all members of a cache; pin(id) calls pin(). Returns the number of experts with wrong weights.
template <class Cache>
int use(Cache& cache, auto pin) {
  int wrong = 0;
  for (std::uint32_t i = 0; i < 60; ++i) {
    const moe::ExpertId ids[] = {id_of(i), id_of(i + 7), id_of(i + 11)};
    const Kind kind = i % 4 == 0   ? Kind::predicted
                      : i % 4 == 1 ? Kind::hot
                      : i % 4 == 2 ? Kind::prefill
                                   : Kind::chosen;
    moe::detail::hint(cache, {.ids = ids, .weights = {}, .kind = kind});
    if (i % 5 == 0) moe::detail::load(cache, ids[1], i % 2 == 0 ? Kind::predicted : Kind::chosen);
    if (i == 20) (void)succeeds([&] { pin(ids[0]); });
    (void)succeeds([&] { wrong += !ScriptedProvider::right(*cache.acquire(ids[0]), ids[0]); });
    (void)succeeds([&] {
      if (const auto lease = moe::detail::try_acquire(cache, ids[2]))
        wrong += !ScriptedProvider::right(**lease, ids[2]);
    });
  }
  return wrong;
}

/// Checks a cache with room for four experts, none of which is leased: all weights are right, and the cache keeps exactly the
/// four leases that it counts.
template <class Cache>
void check_all(Cache& cache, const ScriptedProvider::Shared& shared) {
  for (std::uint32_t i = 0; i < 2 * layer_count * expert_count; ++i)
    REQUIRE(ScriptedProvider::right(*cache.acquire(id_of(i)), id_of(i)));
  const moe::CacheStatistics statistics = cache.statistics();
  CHECK(statistics.resident_bytes == 4 * one_expert);
  CHECK(statistics.peak_bytes == 4 * one_expert);
  CHECK(shared.alive == 4);
}

template <class Eviction>
void check_cache() {
  fail_each_allocation([](long n) {
    const auto shared = std::make_shared<ScriptedProvider::Shared>();
    moe::CachingProvider<ScriptedProvider, Eviction> cache(ScriptedProvider(shared), 4 * one_expert);
    bool reached = false;
    int wrong = 0;
    {
      const FailingAllocation failing(n);
      wrong = use(cache, [&](moe::ExpertId id) { cache.pin({&id, 1}); });
      reached = failing.reached();
    }
    CHECK(wrong == 0);
    check_all(cache, *shared);
    return reached;
  });
}

}  // namespace

TEST_CASE("allocation failures: a cache without a catalog stays correct after any failed allocation") {
  const Watchdog watchdog(std::chrono::seconds(240));
  check_cache<moe::Lru>();
  check_cache<moe::DecayedFrequency>();
}

TEST_CASE("allocation failures: a prefetching cache stays correct after any failed allocation") {
  const Watchdog watchdog(std::chrono::seconds(240));
  fail_each_allocation([](long n) {
    const auto shared = std::make_shared<ScriptedProvider::Shared>();
    using Cache = moe::CachingProvider<ScriptedProvider>;
    moe::PrefetchingProvider<Cache> prefetching(Cache(ScriptedProvider(shared), 4 * one_expert), 2);
    bool reached = false;
    int wrong = 0;
    {
      const FailingAllocation failing(n);
      wrong = use(prefetching, [&](moe::ExpertId id) { prefetching.inner().pin({&id, 1}); });
      reached = failing.reached();
    }
    CHECK(wrong == 0);
    for (std::uint32_t i = 0; i < 2 * layer_count * expert_count; ++i)
      REQUIRE(ScriptedProvider::right(*prefetching.acquire(id_of(i)), id_of(i)));
    CHECK(prefetching.inner().statistics().peak_bytes <= 4 * one_expert);
    return reached;
  });
}

TEST_CASE("allocation failures: an expert table contains an expert with its number or not at all") {
  fail_each_allocation([](long n) {
    moe::detail::ExpertTable table;
    const FailingAllocation failing(n);
    for (std::uint32_t i = 0; i < 500; ++i) {
      const std::size_t before = table.size();
      std::uint32_t number = table.none;
      const bool added = succeeds([&] { number = table.add({i % 7, i}); });
      REQUIRE(table.find({i % 7, i}) == number);
      REQUIRE(table.size() == before + (added ? 1 : 0));
    }
    return failing.reached();
  });
}

TEST_CASE("allocation failures: slabs of a pool never overlap") {
  fail_each_allocation([](long n) {
    moe::detail::SlabPool pool;
    std::vector<std::pair<moe::detail::SlabPool::Slab, int>> slabs;
    slabs.reserve(100);
    bool reached = false;
    {
      const FailingAllocation failing(n);
      for (int i = 0; i < 100; ++i) {
        (void)succeeds([&] {
          const std::size_t bytes = 4096 * static_cast<std::size_t>(1 + i % 3);
          slabs.emplace_back(pool.take(bytes), i);
          std::memset(slabs.back().first.data(), i, bytes);
        });
        if (i % 4 == 3) slabs.erase(slabs.begin() + i % 5 % static_cast<int>(slabs.size()));
      }
      reached = failing.reached();
    }
    for (const auto& [slab, value] : slabs) REQUIRE(slab.data()[4095] == static_cast<std::byte>(value));
    return reached;
  });
}

TEST_CASE("allocation failures: a trace contains a visit completely or not at all") {
  fail_each_allocation([](long n) {
    moe::Trace trace;
    std::size_t added = 0;
    bool reached = false;
    {
      const FailingAllocation failing(n);
      for (std::uint32_t i = 0; i < 40; ++i) {
        const std::uint32_t experts[] = {i, i + 1};
        const float weights[] = {static_cast<float>(i), 1};
        added += succeeds([&] { trace.add({.step = i, .experts = experts, .weights = weights}); });
      }
      reached = failing.reached();
    }
    REQUIRE(trace.size() == added);
    REQUIRE(trace.choices() == 2 * added);
    for (std::size_t i = 0; i < trace.size(); ++i) {
      REQUIRE(trace[i].experts[0] == trace[i].step);
      REQUIRE(trace[i].weights[0] == static_cast<float>(trace[i].step));
    }
    return reached;
  });
}

TEST_CASE("allocation failures: a restriction of a layer is replaced completely or not at all") {
  fail_each_allocation([](long n) {
    const std::vector<std::uint32_t> experts{5, 1, 3}, others{2, 4, 6, 8, 9};
    moe::AllowedExperts allowed;
    for (std::uint32_t layer = 0; layer < 4; ++layer) allowed.allow_only(layer, experts);
    bool replaced = false, reached = false;
    {
      const FailingAllocation failing(n);
      replaced = succeeds([&] { allowed.allow_only(2, others); });
      reached = failing.reached();
    }
    REQUIRE(allowed.of(2).size() == (replaced ? others.size() : experts.size()));
    REQUIRE(allowed.ids().size() == allowed.of(2).size() + 3 * experts.size());
    return reached;
  });
}
