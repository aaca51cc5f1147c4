// SPDX-License-Identifier: MIT
#pragma once
// The contract of expert providers, as checks of doctest. To test a provider of your own:
//
//   TEST_CASE("my provider: keeps the contract") {
//     check_provider_contract([] { return MyProvider(...); }, expected);
//   }
//
// `expected` holds the right weights of every expert that the provider has, by id. The provider must have room for two leases.

#include "detail/core/tensor.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/check_provider.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/expert_location.hpp"
#include "detail/experts/provider.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using ExpectedExperts = std::map<moe::ExpertId, moe::ExpertWeights>;

namespace contract {

using Kind = moe::Announcement::Kind;

inline bool same(const moe::Matrix& a, const moe::Matrix& b) {
  return a.dtype == b.dtype && a.rows == b.rows && a.cols == b.cols &&
         (a.bytes() == 0 || std::memcmp(a.data, b.data, a.bytes()) == 0);
}

inline bool same(const moe::ExpertWeights& a, const moe::ExpertWeights& b) {
  const auto of_a = moe::detail::parts_of(a), of_b = moe::detail::parts_of(b);
  return std::equal(of_a.begin(), of_a.end(), of_b.begin(),
                    [](const moe::Matrix& one, const moe::Matrix& other) { return same(one, other); });
}

inline void delivers_the_right_weights(moe::AnyProvider& provider, const ExpectedExperts& expected) {
  for (int round = 0; round < 2; ++round)
    for (const auto& [id, weights] : expected) {
      const auto lease = provider.acquire(id);
      REQUIRE(same(*lease, weights));
      if (const auto ready = provider.try_acquire(id)) REQUIRE(same(**ready, weights));
    }
}

inline void keeps_leases_valid(moe::AnyProvider& provider, const ExpectedExperts& expected) {
  const moe::ExpertId first = expected.begin()->first;
  const auto lease = provider.acquire(first);
  // One other lease at a time: a provider may have room for no more than two experts.
  for (const auto& [id, weights] : expected) (void)provider.acquire(id);
  CHECK(same(*lease, expected.at(first)));
}

/// Uses all members from 8 threads at once.
inline void serves_many_threads(moe::AnyProvider& provider, const ExpectedExperts& expected) {
  std::atomic<int> wrong = 0;
  std::vector<moe::ExpertId> ids;
  for (const auto& [id, weights] : expected) ids.push_back(id);
  const auto use = [&](std::size_t thread) {
    for (std::size_t i = 0; i < 200; ++i) {
      const moe::ExpertId id = ids[(i * (thread + 1) + thread) % ids.size()];
      const auto kind = static_cast<Kind>(i / 3 % 5);
      const float weight = 0.5f;
      const std::uint32_t tokens = 2;
      if (i % 3 == 0)
        provider.hint({.ids = {&id, 1}, .weights = {&weight, 1}, .tokens = {&tokens, 1}, .kind = kind});
      if (i % 7 == 0) provider.load(id, kind);
      if (i % 11 == 0) (void)provider.bytes(id);
      if (const auto ready = provider.try_acquire(id); ready && !same(**ready, expected.at(id))) ++wrong;
      if (!same(*provider.acquire(id), expected.at(id))) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 8; ++thread) threads.emplace_back(use, thread);
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

inline void refuses_unknown_experts(moe::AnyProvider& provider, const ExpectedExperts& expected) {
  const moe::ExpertId beyond{expected.rbegin()->first.layer, 1u << 30};
  const moe::ExpertId nowhere{1u << 30, 0};
  for (int round = 0; round < 2; ++round)
    for (const moe::ExpertId id : {beyond, nowhere}) {
      for (const Kind kind : {Kind::chosen, Kind::predicted, Kind::prefill, Kind::hot, Kind::used})
        provider.hint({.ids = {&id, 1}, .kind = kind});
      provider.load(id, Kind::chosen);
      (void)provider.bytes(id);
      CHECK_FALSE(message_of([&] { return provider.acquire(id); }).empty());
    }
  CHECK(same(*provider.acquire(expected.begin()->first), expected.begin()->second));
}

inline void check_erased(moe::AnyProvider provider, const ExpectedExperts& expected) {
  delivers_the_right_weights(provider, expected);
  keeps_leases_valid(provider, expected);
  serves_many_threads(provider, expected);
  refuses_unknown_experts(provider, expected);
  delivers_the_right_weights(provider, expected);
}

template <class Provider>
void can_move(Provider provider, const ExpectedExperts& expected) {
  std::optional<Provider> moved;  // declared first: no lease outlives its provider
  const auto& [id, weights] = *expected.begin();
  auto lease = provider.acquire(id);
  const auto moved_lease = std::move(lease);
  CHECK(same(*moved_lease, weights));
  moved.emplace(std::move(provider));
  CHECK(same(*moved_lease, weights));
  CHECK(same(*moved->acquire(expected.rbegin()->first), expected.rbegin()->second));
}

}  // namespace contract

/// make(): a new provider with all experts of `expected`, which are at least two.
template <class Make>
void check_provider_contract(Make make, const ExpectedExperts& expected) {
  static_assert(moe::check_provider<decltype(make())>());
  contract::check_erased(moe::AnyProvider(make()), expected);
  contract::can_move(make(), expected);
}
