// SPDX-License-Identifier: MIT
#include "detail/experts/trace.hpp"
#include "detail/experts/replay.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

using moe::ReplayOrder;
using moe::ReplayPolicy;

namespace {

/// A trace of one layer, ten bytes an expert, one token per visit.
moe::Trace trace_of(const std::vector<std::vector<std::uint32_t>>& visits) {
  moe::Trace trace({"", "", 1, 16, 0});
  trace.set_expert_bytes(0, 10);
  for (std::uint32_t step = 0; step < visits.size(); ++step)
    trace.add({.step = step, .experts = {visits[step].data(), visits[step].size()}});
  return trace;
}

std::uint64_t hits(const moe::Trace& trace, ReplayPolicy policy, std::size_t experts,
                   ReplayOrder order = ReplayOrder::rank) {
  return moe::replay(trace, policy, 10 * experts, order).hits;
}

}  // namespace

TEST_CASE("replay: lru evicts the least recently used expert") {
  const moe::Trace trace = trace_of({{0}, {1}, {0}, {2}, {0}, {1}});
  CHECK(hits(trace, ReplayPolicy::lru, 2) == 2);  // 0, 0
  CHECK(hits(trace, ReplayPolicy::lru, 3) == 3);
  CHECK(moe::replay(trace, ReplayPolicy::lru, 20, ReplayOrder::rank).requests == 6);
}

TEST_CASE("replay: belady evicts the expert whose next use is the farthest away") {
  // A cycle of three experts with room for two: lru always evicts the expert that is used next.
  const moe::Trace trace = trace_of({{0}, {1}, {2}, {0}, {1}, {2}, {0}, {1}, {2}});
  CHECK(hits(trace, ReplayPolicy::lru, 2) == 0);
  CHECK(hits(trace, ReplayPolicy::belady, 2) == 3);
}

TEST_CASE("replay: lfu evicts the least often used expert") {
  const moe::Trace trace = trace_of({{0}, {0}, {1}, {2}, {0}, {3}, {0}});
  CHECK(hits(trace, ReplayPolicy::lfu, 2) == 3);
  CHECK(hits(trace, ReplayPolicy::lru, 2) == 2);
}

TEST_CASE("replay: no policy has more hits than belady, and with room for all experts all have equal hits") {
  std::vector<std::vector<std::uint32_t>> visits;
  std::uint32_t state = 1;
  for (int step = 0; step < 400; ++step) {
    std::vector<std::uint32_t> visit;
    while (visit.size() < 3) {
      state = state * 1664525 + 1013904223;
      const std::uint32_t expert = (state >> 24) * (state >> 24) >> 12;
      if (std::find(visit.begin(), visit.end(), expert) == visit.end()) visit.push_back(expert);
    }
    visits.push_back(visit);
  }
  const moe::Trace trace = trace_of(visits);
  for (const ReplayOrder order : {ReplayOrder::rank, ReplayOrder::hits_first})
    for (const ReplayPolicy policy : moe::detail::replay_policies) {
      CAPTURE(moe::detail::name(policy));
      for (const std::size_t experts : {4u, 6u, 9u})
        CHECK(hits(trace, policy, experts, order) <= hits(trace, ReplayPolicy::belady, experts, order));
      CHECK(hits(trace, policy, 16, order) == 1200 - 16);
    }
}

TEST_CASE("replay: an expert of a visit is not evicted for another expert of the same visit") {
  const moe::Trace trace = trace_of({{0, 1}, {2, 0}, {1, 2}});
  // The second visit finds 0 and evicts 1 for 2, as it needs 0 itself. The third visit finds 2 and evicts 0 for 1.
  CHECK(hits(trace, ReplayPolicy::lru, 2, ReplayOrder::rank) == 2);
  CHECK(hits(trace, ReplayPolicy::lru, 2, ReplayOrder::hits_first) == 2);
}

TEST_CASE("replay: requests of a prompt warm the cache and are not counted") {
  moe::Trace trace({"", "", 2, 4, 0});
  for (std::size_t layer = 0; layer < 2; ++layer) trace.set_expert_bytes(layer, 10);
  const std::uint32_t a[] = {0}, b[] = {1};
  for (std::uint32_t layer = 0; layer < 2; ++layer)
    for (std::uint32_t step = 0; step < 2; ++step)
      trace.add({.prompt = true, .step = step, .layer = layer, .experts = step == 0 ? a : b});
  for (std::uint32_t layer = 0; layer < 2; ++layer) trace.add({.step = 2, .layer = layer, .experts = a});
  for (const ReplayOrder order : {ReplayOrder::rank, ReplayOrder::hits_first})
    for (const ReplayPolicy policy : moe::detail::replay_policies) {
      const moe::ReplayCounts counts = moe::replay(trace, policy, 80, order);
      CHECK(counts.requests == 2);
      CHECK(counts.hits == 2);
    }
}

TEST_CASE("replay: in rank order a prompt requests each expert of a layer once, at its first occurrence") {
  moe::Trace trace({"", "", 1, 4, 0});
  trace.set_expert_bytes(0, 10);
  const std::uint32_t prompt[] = {2, 0, 0, 0}, after[] = {1, 2, 1, 0};
  for (std::uint32_t step = 0; step < 4; ++step)
    trace.add({.prompt = true, .step = step, .experts = {prompt + step, 1}});
  for (std::uint32_t step = 0; step < 4; ++step) trace.add({.step = 4 + step, .experts = {after + step, 1}});
  // The prompt uses 2 and 0 once each. 1 evicts 2, the less recent one; 2 evicts 0; 1 is a hit; 0 evicts 2.
  CHECK(hits(trace, ReplayPolicy::lfu, 2) == 1);
}

TEST_CASE("replay: several texts in one pass ask for each expert once") {
  moe::Trace trace({"", "", 1, 16, 2});
  trace.set_expert_bytes(0, 10);
  const std::uint32_t experts[][2] = {{0, 1}, {2, 3}, {1, 2}, {2, 4}};
  for (std::uint32_t i = 0; i < 4; ++i) trace.add({.step = i / 2, .experts = experts[i]});
  for (const ReplayOrder order : {ReplayOrder::rank, ReplayOrder::hits_first})
    for (const ReplayPolicy policy : moe::detail::replay_policies) {
      const moe::ReplayCounts counts = moe::replay(trace, policy, 80, order);
      CHECK(counts.requests == 7);  // 0, 1, 2, 3; 1, 2, 4
      CHECK(counts.hits == 2);
      CHECK(counts.read_bytes == 50);
    }
}

TEST_CASE("replay: an expert that several texts chose is kept longer than one that a single text chose") {
  moe::Trace trace({"", "", 1, 16, 2});
  trace.set_expert_bytes(0, 10);
  // Experts 0 and 3 serve two of three texts. Then 5 and 6 need room for two of 0, 1, 2, 3.
  const std::uint32_t experts[][2] = {{0, 3}, {0, 1}, {3, 2}, {5, 6}, {5, 6}, {5, 6}, {0, 3}, {0, 3}, {0, 3}};
  for (std::uint32_t i = 0; i < 9; ++i) trace.add({.step = i / 3, .experts = experts[i]});
  CHECK(hits(trace, ReplayPolicy::decayed, 4, ReplayOrder::hits_first) == 2);
}

TEST_CASE("replay: a budget without room for one expert is an error") {
  const moe::Trace trace = trace_of({{0}});
  check_error([&] { return moe::replay(trace, ReplayPolicy::lru, 9); },
              {"budget: expected at least 10 bytes, found 9 bytes"});
}

TEST_CASE("replay: an expert of unknown size counts as one byte, for which a budget of 0 bytes has no room") {
  moe::Trace trace;
  const std::uint32_t expert[] = {3};
  for (std::uint32_t step = 0; step < 2; ++step) trace.add({.step = step, .experts = expert});
  CHECK(moe::replay(trace, ReplayPolicy::lru, 1).hits == 1);
  check_error([&] { return moe::replay(trace, ReplayPolicy::lru, 0); },
              {"budget: expected at least 1 bytes, found 0 bytes"});
}

TEST_CASE("replay: a trace with large numbers takes memory for its visits only") {
  moe::Trace trace;
  const std::uint32_t experts[][2] = {{65535, 3}, {65535, 4}};
  for (std::uint32_t step = 0; step < 2; ++step)
    for (const std::uint32_t layer : {7u, 4095u})
      trace.add({.step = step, .layer = layer, .experts = experts[step]});
  trace.set_expert_bytes(7, 10);
  trace.set_expert_bytes(4095, 10);
  for (const ReplayOrder order : {ReplayOrder::rank, ReplayOrder::hits_first})
    for (const ReplayPolicy policy : moe::detail::replay_policies) {
      CAPTURE(moe::detail::name(policy));
      CHECK(hits(trace, policy, 8, order) == 2);
    }
}

TEST_CASE("replay: a visit of many experts that do not fit together takes no quadratic time") {
  moe::Trace trace;
  std::vector<std::uint32_t> experts(moe::Trace::most_experts_per_token);
  for (std::uint32_t step = 0; step < 60; ++step) {
    for (std::uint32_t i = 0; i < experts.size(); ++i) experts[i] = step * 1000 + i;
    trace.add({.prompt = true, .step = step, .experts = experts});
  }
  trace.set_expert_bytes(0, 10);
  const auto begin = std::chrono::steady_clock::now();
  for (const ReplayOrder order : {ReplayOrder::rank, ReplayOrder::hits_first})
    for (const ReplayPolicy policy : moe::detail::replay_policies)
      CHECK(moe::replay(trace, policy, 10 * 30'000, order).requests == 0);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}
