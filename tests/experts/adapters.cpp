// SPDX-License-Identifier: MIT
// Adapters around adapters: stacks of two and of three, in every order.
#include "detail/core/concat.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/lru_provider.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/verifying_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "experts/contract.hpp"
#include "support/checkpoints.hpp"
#include "support/comes_true.hpp"
#include "support/expected_experts.hpp"
#include "support/message_of.hpp"
#include "support/recording_provider.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

const moe::ExpertCatalog& recorded_catalog() {
  static const moe::ExpertCatalog catalog{moe::Checkpoint(golden("plain-f32"))};
  return catalog;
}

const moe::ExpertChecksums& recorded_checksums() {
  static const moe::ExpertChecksums checksums(recorded_catalog());
  return checksums;
}

// The adapters, each as a function that wraps any provider.

struct Measuring {
  static constexpr const char* name = "measuring";
  template <class Inner>
  static auto around(Inner inner) {
    return moe::MeasuringProvider<Inner>(std::move(inner));
  }
};

struct Prefetching {
  static constexpr const char* name = "prefetching";
  template <class Inner>
  static auto around(Inner inner) {
    return moe::PrefetchingProvider<Inner>(std::move(inner), 2);
  }
};

struct Caching {
  static constexpr const char* name = "caching";
  template <class Inner>
  static auto around(Inner inner) {
    const std::size_t experts = 6, bytes = recorded_catalog()[0].bytes() + 64;
    return moe::LruProvider<Inner>(std::move(inner), experts * bytes);
  }
};

struct Verifying {
  static constexpr const char* name = "verifying";
  template <class Inner>
  static auto around(Inner inner) {
    return moe::VerifyingProvider<Inner>(std::move(inner), recorded_checksums());
  }
};

struct Erasing {
  static constexpr const char* name = "erasing";
  template <class Inner>
  static auto around(Inner inner) {
    return moe::AnyProvider(std::move(inner));
  }
};

/// Defines acquire() and inner() only: calls of optional members must reach the inner provider.
struct Forwarding {
  static constexpr const char* name = "forwarding";
  template <class Inner>
  struct Provider {
    moe::LeaseOf<Inner> acquire(moe::ExpertId id) { return within.acquire(id); }
    Inner& inner() { return within; }
    Inner within;
  };
  template <class Inner>
  static auto around(Inner inner) {
    return Provider<Inner>{std::move(inner)};
  }
};

template <class... Types>
struct List {};
using Adapters = List<Measuring, Prefetching, Caching, Verifying>;
using AdaptersAndErasure = List<Measuring, Prefetching, Caching, Verifying, Erasing, Forwarding>;

template <class Function, class... Types>
void for_each(List<Types...>, Function function) {
  (function(Types()), ...);
}

/// A stack of adapters around a recording provider, behind one type.
struct Stack {
  std::string name;
  moe::AnyProvider (*make)(RecordingProvider);
};

std::vector<Stack> stacks_of_two() {
  std::vector<Stack> out;
  for_each(AdaptersAndErasure(), [&]<class Outer>(Outer) {
    for_each(AdaptersAndErasure(), [&]<class Inner>(Inner) {
      if constexpr (!std::is_same_v<Outer, Inner>)
        out.push_back({std::string(Outer::name) + " " + Inner::name, [](RecordingProvider bottom) {
                         return moe::AnyProvider(Outer::around(Inner::around(std::move(bottom))));
                       }});
    });
  });
  return out;
}

std::vector<Stack> stacks_of_three() {
  std::vector<Stack> out;
  for_each(Adapters(), [&]<class Outer>(Outer) {
    for_each(Adapters(), [&]<class Middle>(Middle) {
      for_each(Adapters(), [&]<class Inner>(Inner) {
        if constexpr (!std::is_same_v<Outer, Middle> && !std::is_same_v<Outer, Inner> &&
                      !std::is_same_v<Middle, Inner>)
          out.push_back({std::string(Outer::name) + " " + Middle::name + " " + Inner::name,
                         [](RecordingProvider bottom) {
                           return moe::AnyProvider(
                               Outer::around(Middle::around(Inner::around(std::move(bottom)))));
                         }});
      });
    });
  });
  return out;
}

/// Calls check(provider, shared) for every stack, each around a new recording provider.
template <class Check>
void for_each_stack(Check check) {
  std::vector<Stack> stacks = stacks_of_two();
  for (Stack& stack : stacks_of_three()) stacks.push_back(std::move(stack));
  REQUIRE(stacks.size() == 6 * 5 + 4 * 3 * 2);
  for (const Stack& stack : stacks) {
    CAPTURE(stack.name);
    const auto shared = std::make_shared<RecordingProvider::Shared>(recorded_catalog());
    {
      moe::AnyProvider provider = stack.make(RecordingProvider(shared));
      check(provider, *shared);
    }
    CHECK(shared->leases == 0);
  }
}

bool hears(RecordingProvider::Shared& shared, moe::Announcement::Kind kind,
           const std::vector<moe::ExpertId>& ids, const std::vector<float>& weights) {
  const std::lock_guard lock(shared.mutex);
  for (const RecordingProvider::Heard& one : shared.announcements)
    if (one.kind == kind && one.ids == ids && one.weights == weights) return true;
  return false;
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("adapters: stacks of two and three keep the contract in every order") {
  const ExpectedExperts expected = expected_experts(recorded_catalog().checkpoint());
  for_each_stack([&](moe::AnyProvider& provider, RecordingProvider::Shared&) {
    contract::check_erased(provider, expected);
  });
}

TEST_CASE("adapters: a stack states the sizes and the catalog of its inner provider") {
  for_each_stack([](moe::AnyProvider& provider, RecordingProvider::Shared& shared) {
    CHECK(provider.bytes({0, 1}) == recorded_catalog()[1].bytes() + 64);
    CHECK(provider.largest_bytes() == recorded_catalog()[0].bytes() + 64);
    CHECK(provider.catalog() == &shared.catalog);
  });
}

TEST_CASE("adapters: announcements of every kind reach the inner provider, with their weights") {
  for_each_stack([](moe::AnyProvider& provider, RecordingProvider::Shared& shared) {
    const std::vector<moe::ExpertId> ids{{0, 3}, {0, 5}}, others{{1, 3}, {1, 5}};
    const std::vector<float> weights{0.75f, 0.25f};
    using enum moe::Announcement::Kind;
    for (const auto kind : {predicted, hot}) {
      provider.hint({.ids = ids, .kind = kind});
      CHECK(hears(shared, kind, ids, {}));
    }
    provider.hint({.ids = others, .weights = weights, .kind = chosen});
    CHECK(hears(shared, chosen, others, weights));
  });
}

TEST_CASE("adapters: an announced expert that is loaded can be acquired without waiting") {
  for_each_stack([](moe::AnyProvider& provider, RecordingProvider::Shared& shared) {
    const moe::ExpertId id{1, 2};
    CHECK_FALSE(provider.try_acquire(id));
    provider.hint({.ids = {&id, 1}});
    provider.load(id, moe::Announcement::Kind::chosen);
    CHECK(comes_true([&] { return provider.try_acquire(id).has_value(); }));
    CHECK(shared.resident.size() == 1);
  });
}

TEST_CASE("adapters: errors are thrown each time, leave no lease behind, and are not stored") {
  for_each_stack([](moe::AnyProvider& provider, RecordingProvider::Shared& shared) {
    const moe::ExpertId id{0, 4}, other{1, 4};
    (void)provider.acquire(id);
    shared.failing = true;
    for (int round = 0; round < 2; ++round) {
      CHECK_FALSE(message_of([&] { return provider.acquire(other); }).empty());
      (void)message_of([&] { return provider.try_acquire(id); });  // throws, unless a cache has the expert
      (void)message_of([&] { return provider.try_acquire(other); });
    }
    shared.failing = false;
    CHECK(contract::same(*provider.acquire(other), *shared.experts.acquire(other)));
  });
}

TEST_CASE("adapters: a cache around a cache with the same budget makes progress") {
  const ExpectedExperts expected = expected_experts(recorded_catalog().checkpoint());
  const std::size_t budget_bytes = 3 * recorded_catalog()[0].bytes();
  check_provider_contract(
      [&] {
        using Inner = moe::LruProvider<moe::MmapProvider>;
        return moe::CachingProvider<Inner>(Inner(moe::MmapProvider(recorded_catalog()), budget_bytes),
                                           budget_bytes);
      },
      expected);
}

TEST_SUITE_END();

TEST_CASE("adapters: try_acquire of an inner provider is not used if its lease type differs") {
  struct Renaming {
    struct Lease {
      moe::MmapProvider::Lease lease;
      const moe::ExpertWeights& operator*() const { return *lease; }
    };
    Lease acquire(moe::ExpertId id) { return {within.acquire(id)}; }
    moe::MmapProvider& inner() { return within; }
    moe::MmapProvider within;
  };
  Renaming provider{moe::MmapProvider(recorded_catalog())};
  (void)provider.acquire({0, 0});
  CHECK(provider.within.try_acquire({0, 0}));
  CHECK_FALSE(moe::detail::try_acquire(provider, {0, 0}));
}

TEST_CASE(
    "adapters: a cache around a cache with a smaller budget is refused, also if AnyProvider is between "
    "them") {
  using Inner = moe::LruProvider<moe::MmapProvider>;
  const std::size_t bytes = recorded_catalog()[0].bytes();
  const auto inner = [&] { return Inner(moe::MmapProvider(recorded_catalog()), 3 * bytes); };
  const auto check_refused = [&](auto provider) {
    (void)moe::CachingProvider(provider(), 3 * bytes);
    check_error(
        [&] { return moe::CachingProvider(provider(), 4 * bytes); },
        {"cache", "budget", moe::detail::concat("at most ", 3 * bytes), "the budget of the inner cache"});
  };
  check_refused([&] { return moe::MeasuringProvider(inner()); });
  check_refused([&] { return moe::AnyProvider(inner()); });
  check_refused([&] { return moe::AnyProvider(moe::AnyProvider(moe::MeasuringProvider(inner()))); });
  check_refused([&] { return moe::MeasuringProvider(moe::AnyProvider(inner())); });
}

TEST_CASE("adapters: a cache around an AnyProvider without a cache may have any budget") {
  const moe::CachingProvider cache(moe::AnyProvider(moe::MmapProvider(recorded_catalog())), SIZE_MAX);
  CHECK(cache.budget_bytes() == SIZE_MAX);
}
