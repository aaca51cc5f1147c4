#pragma once
#include "../core/error.hpp"
#include "../experts/catalog.hpp"
#include "../io/machine_memory.hpp"
#include "../model/config.hpp"
#include "../model/sequence.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace moe {

/// How much memory a model may take. Of the three ways to say it at most one counts, the first that is given.
struct MemoryOptions {
  static constexpr std::size_t automatic = SIZE_MAX;

  std::size_t budget_bytes = 0;        // for experts alone
  std::size_t max_loaded_experts = 0;  // for so many experts of each layer
  std::size_t total_bytes = 0;         // for everything; automatic: what the machine, or its cgroup, can give

  bool limited() const { return budget_bytes != 0 || max_loaded_experts != 0 || total_bytes != 0; }
};

/// What was decided: where the memory goes.
struct MemoryPlan {
  std::size_t dense_bytes = 0;    // of all weights that are not experts
  std::size_t kv_bytes = 0;       // of one session, when its context is full
  std::size_t scratch_bytes = 0;  // of one session
  std::size_t other_bytes = 0;    // the program itself, its tokenizer, its files' tables
  std::size_t budget_bytes = 0;   // for experts

  std::size_t total_bytes() const {
    return dense_bytes + kv_bytes + scratch_bytes + other_bytes + budget_bytes;
  }
};

namespace detail {

/// What the machine can give, but for a tenth, since others want to live too.
inline std::size_t automatic_total_bytes() {
  const std::optional<std::uint64_t> available = available_memory_bytes();
  if (!available) fail("memory", "automatic", "a system that says how much memory it has left", "none");
  return static_cast<std::size_t>(std::min(*available / 10 * 9, std::uint64_t{SIZE_MAX - 1}));
}

}  // namespace detail

/// Completes a plan whose first four members are known, for a model of so many layers with experts. `all_bytes`: of all
/// experts, beyond which a budget is of no use. Throws if the memory does not suffice for one expert.
inline MemoryPlan plan_memory(MemoryPlan plan, const MemoryOptions& options, std::size_t layers,
                              std::size_t largest_bytes, std::size_t all_bytes) {
  if (options.budget_bytes != 0) {
    plan.budget_bytes = options.budget_bytes;
  } else if (options.max_loaded_experts != 0) {
    const std::size_t most = all_bytes / std::max(layers * largest_bytes, std::size_t{1}) + 1;
    plan.budget_bytes = std::min(options.max_loaded_experts, most) * layers * largest_bytes;
  } else {
    const bool automatic = options.total_bytes == MemoryOptions::automatic;
    const std::size_t total = automatic ? detail::automatic_total_bytes() : options.total_bytes;
    const std::size_t rest = plan.total_bytes();
    if (total < rest + largest_bytes)
      fail("memory", "total",
           detail::concat("at least ", rest + largest_bytes, " bytes: ", plan.dense_bytes, " of weights, ",
                          plan.kv_bytes, " of KV cache, ", plan.scratch_bytes, " of intermediate results, ",
                          plan.other_bytes, " of others and ", largest_bytes, " for one expert"),
           detail::concat(total));
    plan.budget_bytes = total - rest;
  }
  plan.budget_bytes = std::min(plan.budget_bytes, std::max(all_bytes, largest_bytes));
  return plan;
}

}  // namespace moe
