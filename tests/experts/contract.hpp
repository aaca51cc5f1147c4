#pragma once
// What every expert provider must do, as doctest checks. To test one of your own:
//
//   TEST_CASE("my provider keeps the contract") {
//     check_provider_contract([] { return MyProvider(...); }, expected);
//   }
//
// `expected` holds the right weights of every expert that the provider has, by id.

#include "detail/core/tensor.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/provider.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

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

inline bool same(const moe::Matrix& a, const moe::Matrix& b) {
  return a.dtype == b.dtype && a.rows == b.rows && a.cols == b.cols &&
         std::memcmp(a.data, b.data, a.bytes()) == 0;
}

inline bool same(const moe::ExpertWeights& a, const moe::ExpertWeights& b) {
  return same(a.gate, b.gate) && same(a.up, b.up) && same(a.down, b.down);
}

template <class Provider>
void brings_the_right_weights(Provider& provider, const ExpectedExperts& expected) {
  for (int round = 0; round < 2; ++round)
    for (const auto& [id, weights] : expected) {
      const auto lease = provider.acquire(id);
      REQUIRE(same(*lease, weights));
      if (const auto ready = moe::detail::try_acquire(provider, id)) REQUIRE(same(**ready, weights));
    }
}

template <class Provider>
void keeps_a_lease_valid(Provider provider, const ExpectedExperts& expected) {
  std::optional<Provider> moved;  // declared first: no lease outlives the provider that it came from
  const moe::ExpertId first = expected.begin()->first;
  auto lease = provider.acquire(first);
  // One other at a time: a provider may have room for no more than two.
  for (const auto& [id, weights] : expected) (void)provider.acquire(id);
  CHECK(same(*lease, expected.at(first)));
  const auto moved_lease = std::move(lease);
  CHECK(same(*moved_lease, expected.at(first)));
  moved.emplace(std::move(provider));
  CHECK(same(*moved_lease, expected.at(first)));
  const moe::ExpertId last = expected.rbegin()->first;
  CHECK(same(*moved->acquire(last), expected.at(last)));
}

template <class Provider>
void serves_many_threads(Provider& provider, const ExpectedExperts& expected) {
  std::atomic<int> wrong = 0;
  std::vector<moe::ExpertId> ids;
  for (const auto& [id, weights] : expected) ids.push_back(id);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 200; ++i) {
        const moe::ExpertId id = ids[(i * (t + 1) + t) % ids.size()];
        if (i % 3 == 0)
          moe::detail::hint(provider, {.ids = {&id, 1},
                                       .kind = i % 2 == 0 ? moe::Announcement::Kind::chosen
                                                          : moe::Announcement::Kind::predicted});
        if (!same(*provider.acquire(id), expected.at(id))) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

template <class Provider>
void refuses_unknown_experts(Provider& provider, const ExpectedExperts& expected) {
  const moe::ExpertId beyond{expected.rbegin()->first.layer, 1u << 30};
  const moe::ExpertId nowhere{1u << 30, 0};
  for (int round = 0; round < 2; ++round)
    for (const moe::ExpertId id : {beyond, nowhere}) {
      moe::detail::hint(provider, {.ids = {&id, 1}, .kind = moe::Announcement::Kind::chosen});
      CHECK_FALSE(message_of([&] { return provider.acquire(id); }).empty());
    }
  CHECK(same(*provider.acquire(expected.begin()->first), expected.begin()->second));
}

}  // namespace contract

/// make(): a new provider with all the experts of `expected`, which are more than one.
template <class Make>
void check_provider_contract(Make make, const ExpectedExperts& expected) {
  static_assert(moe::ExpertProvider<decltype(make())>);
  {
    auto provider = make();
    contract::brings_the_right_weights(provider, expected);
    contract::serves_many_threads(provider, expected);
    contract::refuses_unknown_experts(provider, expected);
    contract::brings_the_right_weights(provider, expected);
    for (const auto& [id, weights] : expected) (void)moe::detail::bytes(provider, id);
  }
  contract::keeps_a_lease_valid(make(), expected);
  moe::AnyProvider any(make());
  contract::brings_the_right_weights(any, expected);
  contract::keeps_a_lease_valid(moe::AnyProvider(make()), expected);
}
