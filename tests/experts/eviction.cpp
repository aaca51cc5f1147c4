// SPDX-License-Identifier: MIT
// Eviction policies, compared with linear searches.
#include "detail/experts/decayed_frequency.hpp"
#include "detail/experts/eviction_policy.hpp"
#include "detail/experts/lru.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace {

constexpr std::uint32_t expert_count = 60;
constexpr std::uint32_t layer_count = 5;

/// Uses random experts, makes two thirds of them candidates, and calls check(policy, uses, candidates, token) after each step.
template <class Policy, class Check>
void play(Check check) {
  std::mt19937 engine(2);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  Policy policy;
  policy.resize(expert_count, layer_count);
  std::vector<std::vector<std::uint64_t>> uses(expert_count);  // [experts]: the tokens of all uses
  std::vector<bool> candidates(expert_count);
  std::uint64_t token = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 8 == 0) token += random() % 100 == 0 ? 60 : 1;
    const std::uint32_t expert = random() % (random() % expert_count + 1);  // low numbers are more frequent
    if (candidates[expert]) policy.erase(expert);
    policy.use(expert, token);
    uses[expert].push_back(token);
    candidates[expert] = random() % 3 != 0;
    if (candidates[expert]) policy.insert(expert, {expert % layer_count, expert}, token);
    check(policy, uses, candidates, token);
  }
}

}  // namespace

TEST_CASE("lru: the least recently used candidate is evicted first") {
  std::vector<std::uint64_t> last(expert_count);
  std::vector<std::size_t> counted(expert_count);
  std::uint64_t clock = 0;
  play<moe::Lru>([&](moe::Lru& policy, const auto& uses, const auto& candidates, std::uint64_t token) {
    ++clock;
    for (std::uint32_t e = 0; e < expert_count; ++e)
      if (counted[e] != uses[e].size()) last[e] = clock, counted[e] = uses[e].size();
    std::uint32_t expected = moe::no_expert;
    for (std::uint32_t e = 0; e < expert_count; ++e)
      if (candidates[e] && (expected == moe::no_expert || last[e] < last[expected])) expected = e;
    REQUIRE(policy.lowest(0, token) == expected);
  });
}

TEST_CASE(
    "decayed frequency: scores follow the formula, and the candidate with the lowest score is evicted "
    "first") {
  play<moe::DecayedFrequency>(
      [&](moe::DecayedFrequency& policy, const auto& uses, const auto& candidates, std::uint64_t token) {
        const auto now = static_cast<double>(token);
        double least = INFINITY;
        for (std::uint32_t e = 0; e < expert_count; ++e) {
          if (!candidates[e]) continue;
          double frequency = 0;
          for (const std::uint64_t use : uses[e])
            frequency += std::exp2((static_cast<double>(use) - now) / 32);
          const double age = now - static_cast<double>(uses[e].back());
          const double score = 0.3 * frequency + (age < 40 ? 0.7 * std::exp2(-age / 4) : 0);
          REQUIRE(policy.score(e, token) == doctest::Approx(score).epsilon(1e-9));
          least = std::fmin(least, e % layer_count == 0 ? 0.6 * score : score);
        }
        const std::uint32_t lowest = policy.lowest(0, token);
        REQUIRE((lowest == moe::no_expert) == std::isinf(least));
        if (std::isinf(least)) return;
        REQUIRE(candidates[lowest]);
        const double own_share = lowest % layer_count == 0 ? 0.6 : 1;
        REQUIRE(own_share * policy.score(lowest, token) == doctest::Approx(least).epsilon(1e-9));
      });
}

TEST_CASE("decayed frequency: scores are exact after a million tokens") {
  moe::DecayedFrequency policy;
  policy.resize(1, 1);
  for (std::uint64_t token = 1'000'000; token < 1'000'400; ++token) policy.use(0, token);
  // A geometric sum: 0.3 / (1 − 2^(−1/32)) + 0.7
  CHECK(policy.score(0, 1'000'399) == doctest::Approx(0.3 / (1 - std::exp2(-1.0 / 32)) + 0.7).epsilon(1e-3));
}
