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

/// Nine tenths of the memory that the machine, or its cgroup, has left: other programs need some too.
std::size_t automatic_total_bytes();

/// What a memory plan must know of the experts of a model.
struct ExpertSizes {
  std::size_t layers = 0;         // with experts
  std::size_t largest_bytes = 0;  // of one expert
  std::size_t all_bytes = 0;      // of all experts: a larger budget is of no use
};

/// Completes a plan whose first four members are known. Throws if the memory does not suffice for one expert.
MemoryPlan complete_plan(MemoryPlan plan, const MemoryOptions& options, const ExpertSizes& experts);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "memory_plan.ipp"
#endif
