// SPDX-License-Identifier: MIT
#include "detail/experts/catalog.hpp"
#include "detail/experts/expert.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <vector>

namespace {

/// A lease that counts how many of its kind are alive.
struct CountingLease {
  explicit CountingLease(std::shared_ptr<int> count) : alive(std::move(count)) { ++*alive; }
  CountingLease(CountingLease&& other) noexcept : alive(std::move(other.alive)) {}
  CountingLease& operator=(CountingLease&& other) noexcept {
    std::swap(alive, other.alive);
    return *this;
  }
  ~CountingLease() {
    if (alive) --*alive;
  }
  const moe::ExpertWeights& operator*() const { return weights; }

  std::shared_ptr<int> alive;
  moe::ExpertWeights weights;
};

struct CountingProvider {
  std::shared_ptr<int> alive = std::make_shared<int>(0);
  CountingLease acquire(moe::ExpertId) { return CountingLease(alive); }
};

}  // namespace

TEST_CASE("any provider: the optional members of the inner provider are called") {
  const moe::Checkpoint checkpoint(golden("plain-f32"));
  moe::AnyProvider any{moe::MmapProvider(checkpoint)};
  CHECK_FALSE(any.try_acquire({0, 0}));
  (void)any.acquire({0, 0});
  CHECK(any.try_acquire({0, 0}));
  CHECK(any.bytes({0, 0}) == 0);
  CHECK(moe::AnyProvider{moe::MemoryProvider(checkpoint)}.bytes({0, 0}) ==
        moe::ExpertCatalog(checkpoint)[0].bytes());
}

TEST_CASE("any provider: get<P>() returns the inner provider if its type is P") {
  moe::AnyProvider any{CountingProvider()};
  CHECK(any.get<CountingProvider>() != nullptr);
  CHECK(any.get<moe::MemoryProvider>() == nullptr);
}

TEST_CASE("any provider: a lease ends exactly once, also if it was moved") {
  CountingProvider counting;
  const std::shared_ptr<int> alive = counting.alive;
  moe::AnyProvider any(counting);
  {
    std::vector<moe::AnyProvider::Lease> leases;
    for (std::uint32_t i = 0; i < 10; ++i) leases.push_back(any.acquire({0, i}));
    CHECK(*alive == 10);
    leases[3] = std::move(leases[4]);
    CHECK(*alive == 9);
    leases.erase(leases.begin(), leases.begin() + 5);
    CHECK(*alive == 5);
    auto moved = std::move(leases.back());
    CHECK(&*moved != nullptr);
    CHECK(*alive == 5);
  }
  CHECK(*alive == 0);
}
