#pragma once
#include "../core/config.hpp"
#include "../model/config.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI {

/// How much memory a model may take. Of the three ways to say it at most one counts, the first that is given.
struct MemoryOptions {
  static constexpr std::size_t automatic = SIZE_MAX;

  std::size_t budget_bytes = 0;        // for experts alone
  std::size_t max_loaded_experts = 0;  // for so many experts of each layer
  std::size_t total_bytes = 0;         // for everything; automatic: what the machine, or its cgroup, can give

  bool limited() const;
};

/// What was decided: where the memory goes.
struct MemoryPlan {
  std::size_t dense_bytes = 0;    // of all weights that are not experts
  std::size_t kv_bytes = 0;       // of one session, when its context is full
  std::size_t scratch_bytes = 0;  // of one session
  std::size_t other_bytes = 0;    // the program itself, its tokenizer, its files' tables
  std::size_t budget_bytes = 0;   // for experts

  std::size_t total_bytes() const;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// What the machine can give, but for a tenth, since others want to live too.
std::size_t automatic_total_bytes();

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Completes a plan whose first four members are known, for a model of so many layers with experts. `all_bytes`: of all
/// experts, beyond which a budget is of no use. Throws if the memory does not suffice for one expert.
MemoryPlan plan_memory(MemoryPlan plan, const MemoryOptions& options, std::size_t layers,
                       std::size_t largest_bytes, std::size_t all_bytes);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "memory_plan.ipp"
#endif
