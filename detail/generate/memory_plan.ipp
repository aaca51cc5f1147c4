// SPDX-License-Identifier: MIT
#pragma once
#include "memory_plan.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../io/machine_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace moe::inline MOE_ABI {

MOE_INLINE bool MemoryOptions::limited() const {
  return budget_bytes != 0 || max_loaded_experts != 0 || total_bytes != 0;
}

MOE_INLINE std::size_t MemoryPlan::total_bytes() const {
  return dense_bytes + state_bytes + scratch_bytes + other_bytes + budget_bytes;
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// 9/10 of the free memory of the machine or cgroup: other programs need memory, too.
inline std::size_t automatic_total_bytes() {
  const std::optional<std::uint64_t> available = available_memory_bytes();
  if (!available) fail("memory", "automatic", "a system that reports its free memory", "none");
  return static_cast<std::size_t>(std::min(*available / 10 * 9, std::uint64_t{SIZE_MAX - 1}));
}

inline bool is_limited_by_total(const MemoryOptions& options) {
  return options.budget_bytes == 0 && options.max_loaded_experts == 0;
}

/// The options, with a number of bytes in place of `automatic` if total_bytes decides.
inline MemoryOptions with_known_total(MemoryOptions options) {
  if (is_limited_by_total(options) && options.total_bytes == MemoryOptions::automatic)
    options.total_bytes = automatic_total_bytes();
  return options;
}

MOE_INLINE MemoryPlan complete_plan(MemoryPlan plan, const MemoryOptions& options,
                                    const ExpertSizes& experts) {
  const auto& [layers, largest_bytes, all_bytes] = experts;
  if (options.budget_bytes != 0) {
    plan.budget_bytes = options.budget_bytes;
  } else if (options.max_loaded_experts != 0) {
    const std::size_t most = all_bytes / std::max(layers * largest_bytes, std::size_t{1}) + 1;
    plan.budget_bytes = std::min(options.max_loaded_experts, most) * layers * largest_bytes;
  } else {
    const std::size_t total = with_known_total(options).total_bytes;
    const std::size_t rest = plan.total_bytes();
    if (total < rest + largest_bytes)
      fail("memory", "total",
           concat("at least ", rest + largest_bytes, " bytes: ", plan.dense_bytes, " of dense weights, ",
                  plan.state_bytes, " of state, ", plan.scratch_bytes, " of intermediate results, ",
                  plan.other_bytes, " of other data and ", largest_bytes, " for one expert"),
           concat(total));
    plan.budget_bytes = total - rest;
  }
  plan.budget_bytes = std::min(plan.budget_bytes, std::max(all_bytes, largest_bytes));
  return plan;
}

MOE_INLINE MemoryPlan plan_with_longest_chunk(FunctionRef<MemoryPlan(std::size_t)> with_chunk,
                                              const MemoryOptions& given, const ExpertSizes& experts) {
  const MemoryOptions options = with_known_total(given);  // read once: the free memory changes between calls
  constexpr std::size_t shortest = MemoryPlan().chunk;
  MemoryPlan plan = complete_plan(with_chunk(shortest), options, experts);
  for (const std::size_t factor : {std::size_t{2}, std::size_t{4}}) {
    const MemoryPlan longer = with_chunk(factor * shortest);
    const std::size_t more = longer.total_bytes() + plan.budget_bytes - plan.total_bytes();
    const bool fits =
        !is_limited_by_total(options) || longer.total_bytes() + experts.largest_bytes <= options.total_bytes;
    if (longer.chunk == plan.chunk || more > plan.budget_bytes / 8 || !fits) break;
    plan = complete_plan(longer, options, experts);
  }
  return plan;
}

}  // namespace moe::inline MOE_ABI::detail
