// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../experts/expert.hpp"
#include "../../spec/model_spec.hpp"
#include "../step.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// A visit is the computation of one token by one of its networks. A slot is the place of a visit in the order of the networks:
// the slots of one network are consecutive.

/// A network and the slots that it computes: [first, first + count).
struct NetworkJob {
  const ExpertWeights* weights;
  std::size_t first;
  std::size_t count;
};

/// The intermediate results of run_jobs().
struct NetworkBuffers {
  /// slots: of all jobs. hidden: the width of the results.
  NetworkBuffers(const Workspace& space, const NetworkSpec& spec, std::size_t slots, std::size_t hidden);

  /// Takes no memory for the results: run_jobs() writes them to `results`, [slots, hidden].
  NetworkBuffers(const Workspace& space, const NetworkSpec& spec, std::size_t slots,
                 std::span<float> results);

  std::span<float> gate, up;  // [slots, width]
  QuantisedActivations gated;
  std::span<float> result;  // [slots, hidden]
};

/// Computes feed-forward networks, all jobs in two parallel regions: for every slot i of each job,
///   result[i] = weights.down · activation(weights.gate · x, weights.up · x)
/// with x the row token_of[i] of the input; an empty token_of means row i. With biases if the weights have them.
/// input: prepared for the gate and up matrices of all jobs. products: memory, overwritten; with room for all jobs.
void run_jobs(const Step& step, const NetworkSpec& spec, std::span<const NetworkJob> jobs,
              const Activations& input, std::span<const std::uint32_t> token_of,
              const NetworkBuffers& buffers, std::vector<Product>& products);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "network.ipp"
#endif
