// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../experts/any_provider.hpp"
#include "../../spec/model_spec.hpp"
#include "../step.hpp"
#include "../expert_batch.hpp"
#include "network.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Lists that an executor fills, with room for all experts of a layer, so that a token allocates nothing.
struct ExecutorLists {
  explicit ExecutorLists(std::size_t experts);

  std::vector<ExpertGroup> groups;     // the chosen experts of a layer, ascending
  std::vector<ExpertGroup> missing;    // the groups whose experts are not present
  std::vector<ExpertId> missing_ids;   // of all missing experts; at the end of a batch, of all chosen experts
  std::vector<float> missing_weights;  // the router's weights of missing_ids; only in a decode step
  std::vector<std::uint32_t> used_tokens;  // the number of tokens of each group; only for several texts
  std::vector<std::size_t> next_slot;      // [experts + 1]
  std::vector<NetworkJob> jobs;
  std::vector<Product> products;
  std::vector<AnyProvider::Lease> held;  // empty before and after a batch
};

/// The choices of a router. Visit t · K + r: token t is computed by its expert of rank r.
struct Visits {
  std::span<const std::uint32_t> chosen;  // [tokens, K]: by visit, the expert
  std::span<const float> weights;         // [tokens, K]: by visit, the router's weight
  std::size_t experts;                    // of the layer
  std::size_t per_token;                  // K
};

/// The order of the visits by expert, as group_by_expert() makes it.
struct VisitOrder {
  std::span<std::uint32_t> slot_of;   // [tokens, K]: by visit, the slot
  std::span<std::uint32_t> token_of;  // [tokens · K]: by slot, the token
  std::span<float> weight_of;         // [tokens · K]: by slot, the router's weight
};

/// Sorts the visits by expert (a counting sort): lists.groups = the groups in ascending order of the experts.
void group_by_expert(const Visits& visits, const VisitOrder& order, ExecutorLists& lists);

/// The arguments of run_groups() apart from the weights.
struct LocalBatch {
  const ExpertBatch& batch;
  ExpertShape shape;  // of the experts
  const NetworkSpec& network;
  const Activations& input;  // [tokens, hidden], prepared for all experts
};

/// Computes the groups of a batch: buffers.result[s] for every slot s of each group. Experts come from the provider. Each expert
/// is acquired once, whatever the number of its tokens. No lease is held while the function waits for another expert, or after an
/// exception. Throws if a lease has another shape.
void run_groups(const Step& step, const LocalBatch& local, const NetworkBuffers& buffers,
                AnyProvider& provider, ExecutorLists& lists);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "executor.ipp"
#endif
