// SPDX-License-Identifier: MIT
#include "detail/experts/decayed_frequency.hpp"
#include "detail/experts/lru.hpp"
#include "detail/experts/residency.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <vector>

using moe::detail::Admission;
using Residency = moe::detail::Residency<moe::Lru>;

namespace {

/// Experts of ten bytes; number = 100 · layer + expert.
struct ResidencyCache {
  explicit ResidencyCache(std::size_t experts, std::size_t layers = 0, std::size_t k = 2)
      : residency({.budget_bytes = 10 * experts,
                   .layers = layers,
                   .experts_per_token = k,
                   .largest_bytes = layers > 0 ? std::size_t{10} : 0}) {}

  /// Admits an expert. Returns the evicted ones; no value if there was no room.
  std::optional<std::vector<std::uint32_t>> admit(std::uint32_t number, Admission why = Admission::demanded) {
    std::vector<std::uint32_t> evicted;
    const bool admitted = residency.admit(number, {number / 100, number % 100}, 10, why,
                                          [&](std::uint32_t victim) { evicted.push_back(victim); });
    if (!admitted) return {};
    return evicted;
  }

  /// One request from beginning to end. Returns the evicted experts.
  std::vector<std::uint32_t> use(std::uint32_t number, Admission why = Admission::demanded) {
    std::vector<std::uint32_t> evicted;
    if (!residency.resident(number)) {
      evicted = admit(number, why).value();
      residency.loading(number);
      residency.loaded(number);
    }
    residency.acquired(number);
    residency.released(number);
    return evicted;
  }

  Residency residency;
};

using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("residency: the least recently used expert is evicted when the budget is full") {
  ResidencyCache cache(3);
  for (const std::uint32_t number : {0u, 1u, 2u, 0u}) CHECK(cache.use(number).empty());
  CHECK(cache.residency.resident_bytes() == 30);
  CHECK(cache.use(3) == Numbers{1});
  CHECK(cache.use(1) == Numbers{2});
  CHECK(cache.residency.resident_bytes() == 30);
}

TEST_CASE(
    "residency: the policy counts each token of a pass that uses an expert, and the clock advances by one "
    "token per pass") {
  struct CountingPolicy : moe::Lru {
    void use(std::uint32_t expert, std::uint64_t token) noexcept {
      moe::Lru::use(expert, token);
      ++uses[expert];
      last_token = token;
    }
    std::uint32_t uses[8] = {};
    std::uint64_t last_token = 0;
  };
  moe::detail::Residency<CountingPolicy> residency(
      {.budget_bytes = 80, .layers = 1, .experts_per_token = 2, .largest_bytes = 10});
  const Numbers experts{0, 1, 2, 3}, tokens{3, 1, 2, 2};
  for (int pass = 0; pass < 10; ++pass) {
    for (const std::uint32_t expert : experts) {
      if (!residency.resident(expert))
        residency.admit(expert, {0, expert}, 10, Admission::chosen, [](auto) {});
      residency.acquired(expert);
      residency.released(expert);
    }
    residency.count_pass(experts, tokens);
  }
  CHECK(residency.policy().uses[0] == 30);
  CHECK(residency.policy().uses[1] == 10);
  CHECK(residency.policy().uses[3] == 20);
  // A pass uses four experts, and one token uses two. The clock counts the other two uses until count_pass() subtracts them.
  CHECK(residency.policy().last_token >= 9);
  CHECK(residency.policy().last_token <= 11);
  residency.count_pass(Numbers{7}, Numbers{5});  // an expert that was never admitted
  CHECK(residency.policy().uses[7] == 0);
}

TEST_CASE("residency: a leased expert is never evicted, and without another victim there is no room") {
  ResidencyCache cache(2);
  cache.use(0);
  cache.use(1);
  cache.residency.acquired(0);
  CHECK(cache.use(2) == Numbers{1});
  cache.residency.acquired(2);
  CHECK_FALSE(cache.admit(3));
  cache.residency.released(2);
  CHECK(cache.use(3) == Numbers{2});
}

TEST_CASE("residency: if all experts are announced, one of them is evicted only for a caller that waits") {
  ResidencyCache cache(2);
  CHECK(cache.admit(0, Admission::chosen));
  CHECK(cache.admit(1, Admission::chosen));
  CHECK_FALSE(cache.admit(2, Admission::chosen));
  CHECK_FALSE(cache.admit(2, Admission::predicted));
  CHECK(cache.admit(2, Admission::demanded) == Numbers{0});
}

TEST_CASE("residency: a predicted expert that no caller acquired is evicted first") {
  ResidencyCache cache(3);
  cache.use(0);
  cache.use(1);
  CHECK(cache.admit(2, Admission::predicted) == Numbers{});
  cache.residency.loading(2);
  cache.residency.loaded(2);
  cache.residency.forget_predictions();
  CHECK(cache.use(3) == Numbers{2});
}

TEST_CASE("residency: experts that only a prompt used are evicted before all others") {
  ResidencyCache cache(3);
  cache.use(0);
  cache.use(1);
  CHECK(cache.use(2, Admission::prefill).empty());
  CHECK(cache.use(3, Admission::prefill) == Numbers{2});
  CHECK(cache.use(4, Admission::prefill) == Numbers{3});
  CHECK(cache.use(4) == Numbers{});  // used by a token after the prompt: expert 4 is not cold any more
  CHECK(cache.use(5) == Numbers{0});
}

TEST_CASE("residency: each layer keeps its share of the experts that a prompt used most") {
  ResidencyCache cache(8, 2);  // hot experts of a layer: (8 − 2 · 2) / 2 = 2
  for (const std::uint32_t number : {0u, 1u, 2u, 3u}) cache.use(number, Admission::prefill);
  const Numbers most_used_first{3, 1, 0, 2};
  cache.residency.mark_hot(most_used_first);
  for (const std::uint32_t number : {100u, 101u, 102u, 103u})
    CHECK(cache.use(number, Admission::prefill).empty());
  CHECK(cache.use(104) == Numbers{0});
  CHECK(cache.use(105) == Numbers{2});
  CHECK(cache.use(106) == Numbers{100});
}

TEST_CASE(
    "residency: with a budget below the experts of one token, layers with a floor have hits, and plain LRU "
    "has none") {
  constexpr std::uint32_t layers = 4;
  const auto hits = [&](bool floor) {
    Residency residency(
        {.budget_bytes = 80, .layers = layers, .experts_per_token = 3, .largest_bytes = 10, .floor = floor});
    int count = 0;
    for (int token = 0; token < 10; ++token)
      for (std::uint32_t layer = 0; layer < layers; ++layer) {
        Numbers missing;
        for (std::uint32_t number = 3 * layer; number < 3 * layer + 3; ++number) {
          if (!residency.resident(number)) {
            missing.push_back(number);
            continue;
          }
          ++count;
          residency.acquired(number);
          residency.released(number);
        }
        for (const std::uint32_t number : missing) {
          REQUIRE(residency.admit(number, {layer, number}, 10, Admission::demanded, [](std::uint32_t) {}));
          residency.acquired(number);
          residency.released(number);
        }
      }
    return count;
  };
  CHECK(hits(false) == 0);
  CHECK(hits(true) == 4 * 2 * 9);  // two of three in each layer, from the second token on
}

TEST_CASE("residency: an expert that failed to load takes no room") {
  ResidencyCache cache(1);
  CHECK(cache.admit(0));
  cache.residency.loading(0);
  cache.residency.remove(0);
  CHECK(cache.residency.resident_bytes() == 0);
  CHECK(cache.use(1) == Numbers{});
}

TEST_CASE("residency: an announced expert that no caller acquires can be evicted after some tokens") {
  ResidencyCache cache(3, 1, 1);
  CHECK(cache.admit(0, Admission::chosen));
  for (std::uint32_t round = 0; round < 100; ++round) cache.use(1 + round % 2);
  CHECK(cache.use(3) == Numbers{0});
}

TEST_CASE("residency: only resident experts are evicted while the number of known layers grows") {
  moe::detail::Residency<moe::DecayedFrequency> residency({.budget_bytes = 300, .experts_per_token = 1});
  std::vector<bool> resident(1000);
  const auto acquire = [&](std::uint32_t number) {
    if (!resident[number])
      REQUIRE(residency.admit(number, {number / 100, number % 100}, 10, Admission::demanded,
                              [&](std::uint32_t victim) {
                                REQUIRE(resident[victim]);
                                resident[victim] = false;
                              }));
    resident[number] = true;
    residency.acquired(number);
  };
  for (std::uint32_t number = 0; number < 20; ++number) acquire(number);  // leased while layers appear
  acquire(900);
  for (std::uint32_t number = 0; number < 20; ++number) residency.released(number);
  residency.released(900);
  for (std::uint32_t step = 0; step < 2000; ++step) {
    const std::uint32_t number = step * 7 % 10 * 100 + step % 41;
    acquire(number);
    residency.released(number);
  }
  CHECK(residency.resident_bytes() == 300);
}
