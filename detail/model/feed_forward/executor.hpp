// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../experts/any_provider.hpp"
#include "../../spec/model_spec.hpp"
#include "../step.hpp"
#include "network.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The visits to one expert: slots [first, first + count).
struct ExpertGroup {
  std::uint32_t expert;
  std::size_t first;
  std::size_t count;
};

/// Lists that an executor fills, with room for all experts of a layer, so that a token allocates nothing.
struct ExecutorLists {
  explicit ExecutorLists(std::size_t experts);

  std::vector<ExpertGroup> groups;   // the chosen experts of a layer, ascending
  std::vector<ExpertGroup> missing;  // the groups whose experts are not present
  std::vector<ExpertId> missing_ids;
  std::vector<float> missing_weights;  // the router's weights of missing_ids; only in a decode step
  std::vector<std::size_t> next_slot;  // [experts + 1]
  std::vector<NetworkJob> jobs;
  std::vector<Product> products;
  std::vector<AnyProvider::Lease> held;  // empty before and after a batch
};

/// The experts of one layer for the tokens of a step. Visit t · K + r: token t is computed by its expert of rank r.
struct ExpertBatch {
  std::uint32_t layer;
  ExpertShape shape;  // of the experts
  const NetworkSpec& network;
  std::span<const std::uint32_t> chosen;  // [tokens, K]: by visit, the expert
  std::span<const float> weights;         // [tokens, K]: by visit, the router's weight
  std::size_t experts;                    // of the layer
  std::size_t per_token;                  // K
  const Activations& input;               // [tokens, hidden], prepared for all experts
  std::span<std::uint32_t> slot_of;       // [tokens, K]: result: by visit, the slot
  std::span<std::uint32_t> token_of;      // [tokens · K]: by slot, the token
  std::span<const ExpertId> predicted;    // experts that a later layer will probably choose; may be empty
};

/// Computes the experts of a batch: buffers.result[slot_of[v]] = expert(x) for every visit v. Experts come from a provider.
/// Each expert is acquired once, whatever the number of its tokens, and no lease is held while another one is waited for. No
/// lease is held after an exception. Throws if a lease has another shape.
class LocalExecutor {
 public:
  LocalExecutor(AnyProvider& provider, ExecutorLists& lists) : provider_(provider), lists_(lists) {}

  void run(const Step& step, const ExpertBatch& batch, const NetworkBuffers& buffers);

 private:
  AnyProvider& provider_;
  ExecutorLists& lists_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "executor.ipp"
#endif
