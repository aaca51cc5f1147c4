// SPDX-License-Identifier: MIT
// Compares replays of a recorded trace of Qwen3-30B-A3B with the hit rates that were published with it. The trace is in
// MOE_TEST_DATA.
#include "detail/experts/trace.hpp"
#include "detail/experts/replay.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>

TEST_SUITE_BEGIN("real-data");

TEST_CASE("replay: in rank order the hit rates equal the published hit rates") {
  const auto path = test_data("traces/qwen3-30b-a3b.route.csv");
  if (!path) return;
  const moe::Trace trace = moe::Trace::read(*path);
  constexpr std::size_t budgets_mib[] = {1000, 2000, 3000, 4000, 6000};
  const auto check = [&](moe::ReplayPolicy policy, double within, const double(&published)[5]) {
    for (std::size_t i = 0; i < 5; ++i) {
      CAPTURE(moe::detail::name(policy));
      CAPTURE(budgets_mib[i]);
      const auto counts = moe::replay(trace, policy, budgets_mib[i] << 20, moe::ReplayOrder::rank);
      CAPTURE(counts.hit_percent());
      CHECK(std::abs(counts.hit_percent() - published[i]) <= within);
    }
  };
  // The rates are published with one decimal place. For the random policy more is allowed: its random numbers differ.
  check(moe::ReplayPolicy::belady, 0.05001, {62.7, 79.4, 87.8, 92.7, 96.6});
  check(moe::ReplayPolicy::lru, 0.05001, {37.7, 56.5, 70.6, 80.3, 92.1});
  check(moe::ReplayPolicy::lfu, 0.05001, {40.2, 58.6, 71.3, 80.8, 92.0});
  check(moe::ReplayPolicy::random, 0.5, {26.7, 49.1, 63.6, 74.0, 86.6});
}

TEST_SUITE_END();
