// SPDX-License-Identifier: MIT
#include "detail/generate/memory_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>

using moe::MemoryOptions;
using moe::MemoryPlan;

namespace {

/// The plan of a model whose intermediate results take 1000 bytes per token, with experts of 1 MB.
MemoryPlan plan_of(const MemoryOptions& memory, std::size_t context = 4096) {
  const auto with_chunk = [&](std::size_t chunk) {
    MemoryPlan plan;
    plan.chunk = std::min(chunk, context);
    plan.scratch_bytes = plan.chunk * 1000;
    return plan;
  };
  return moe::detail::plan_with_longest_chunk(
      with_chunk, memory, {.layers = 2, .largest_bytes = 1'000'000, .all_bytes = 100'000'000});
}

}  // namespace

TEST_CASE("memory plan: chunks are doubled up to 2048 tokens while this takes at most 1/8 of the budget") {
  CHECK(plan_of({.budget_bytes = 4'000'000}).chunk == 512);  // 512 kB more is above 1/8 of the budget, 500 kB
  CHECK(plan_of({.budget_bytes = 4'100'000}).chunk == 1024);  // the next 1024 kB are above 512 kB
  CHECK(plan_of({.budget_bytes = 100'000'000}).chunk == 2048);
}

TEST_CASE("memory plan: a context shorter than the chunk limits the chunk") {
  CHECK(plan_of({.budget_bytes = 100'000'000}, 700).chunk == 700);
  CHECK(plan_of({.budget_bytes = 100'000'000}, 100).chunk == 100);
}

TEST_CASE("memory plan: a chunk is not doubled if the limit of all memory would not suffice for one expert") {
  const auto with_chunk = [](std::size_t chunk) {
    MemoryPlan plan;
    plan.chunk = chunk;
    plan.scratch_bytes = chunk * 1000;
    return plan;
  };
  const moe::detail::ExpertSizes sizes{.layers = 2, .largest_bytes = 10'000'000, .all_bytes = 1'000'000'000};
  const auto planned = [&](std::size_t total) {
    return moe::detail::plan_with_longest_chunk(with_chunk, {.total_bytes = total}, sizes);
  };
  const MemoryPlan least = planned(512'000 + 10'000'000);
  CHECK(least.chunk == 512);
  CHECK(least.budget_bytes == 10'000'000);
  CHECK(planned(1'024'000 + 10'000'000).chunk == 1024);
}

TEST_CASE("memory plan: within a limit of all memory a longer chunk takes from the budget of experts") {
  const MemoryPlan plan = plan_of({.total_bytes = 50'000'000});
  CHECK(plan.chunk == 2048);
  CHECK(plan.budget_bytes == 50'000'000 - 2048 * 1000);
}
