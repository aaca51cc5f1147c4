// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI {

/// The memory of a model. The first member that is not 0 decides; the others are ignored.
struct MemoryOptions {
  static constexpr std::size_t automatic = SIZE_MAX;  // a value of total_bytes

  std::size_t budget_bytes = 0;        // for experts
  std::size_t max_loaded_experts = 0;  // for experts, as a number of experts per layer
  std::size_t total_bytes = 0;  // for the model; automatic: 9/10 of the free memory of the machine or cgroup

  /// Whether any member is not 0.
  bool limited() const;
};

/// The division of the memory of a model.
struct MemoryPlan {
  std::size_t dense_bytes = 0;    // weights that are not experts
  std::size_t state_bytes = 0;    // the state of all sessions with full contexts: KV cache, recurrent state
  std::size_t scratch_bytes = 0;  // intermediate results of one session
  std::size_t other_bytes = 0;    // the program, its tokenizer, the tables of its files
  std::size_t budget_bytes = 0;   // experts

  // The chunk of sessions whose SequenceOptions::chunk is empty. With limited memory a long prompt reads its experts from disk
  // once per chunk, so the chunk is doubled to 1024, and then to 2048 tokens. A doubling is left out if the states and the
  // intermediate results would grow by more than 1/8 of budget_bytes, or if total_bytes would not suffice.
  std::size_t chunk = 512;

  /// The sum of all members whose unit is bytes.
  std::size_t total_bytes() const;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The sizes of the experts of a model.
struct ExpertSizes {
  std::size_t layers = 0;         // with experts
  std::size_t largest_bytes = 0;  // of one expert
  std::size_t all_bytes = 0;      // of all experts; a larger budget has no effect
};

/// Completes a plan whose first four members are known. Throws if options.total_bytes does not suffice for these members and
/// one expert, or if it is `automatic` and the system does not report its free memory.
MemoryPlan complete_plan(MemoryPlan plan, const MemoryOptions& options, const ExpertSizes& experts);

/// Completes the plan with the longest of the chunks that MemoryPlan::chunk describes. with_chunk(chunk): the plan with this
/// chunk, or with the longest chunk that the context allows. Throws as complete_plan() does for the shortest chunk.
MemoryPlan plan_with_longest_chunk(FunctionRef<MemoryPlan(std::size_t)> with_chunk,
                                   const MemoryOptions& options, const ExpertSizes& experts);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "memory_plan.ipp"
#endif
