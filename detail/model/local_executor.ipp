// SPDX-License-Identifier: MIT
#pragma once
#include "local_executor.hpp"
#include "../core/checked.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/float_environment.hpp"
#include "../simd/kernels.hpp"
#include "expert_requirements.hpp"
#include "feed_forward/feed_forward.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// Throws unless a part of a batch has this number of items.
inline void require_size(const ExpertBatch& batch, std::string_view part, std::size_t expected,
                         std::size_t found) {
  if (found != expected)
    fail("batch of experts", concat("layer ", batch.layer), concat(expected, " ", part), concat(found));
}

/// The numbers of an array [rows, hidden]. Throws if such an array of floats is larger than an object can be.
inline std::size_t numbers_of(const ExpertBatch& batch, std::size_t rows) {
  return checked_size("batch of experts", concat("layer ", batch.layer),
                      {rows, batch.hidden, sizeof(float)}) /
         sizeof(float);
}

/// Throws unless the groups are as ExpertBatch says, with experts below `experts`.
inline void require_groups(const ExpertBatch& batch, std::size_t experts) {
  std::size_t next_expert = 0, next_slot = 0;
  for (const ExpertGroup& group : batch.groups) {
    const std::size_t left = batch.slots() - next_slot;
    const bool ascends = group.expert >= next_expert && group.first >= next_slot;
    const bool fits = group.expert < experts && group.count > 0 && group.first - next_slot < left &&
                      group.count <= left - (group.first - next_slot);
    if (!ascends || !fits)
      fail(
          "batch of experts", concat("layer ", batch.layer),
          concat("groups of ascending experts below ", experts, " with disjoint slots below ", batch.slots()),
          concat("expert ", group.expert, " with ", group.count, " slots from ", group.first));
    next_expert = std::size_t{group.expert} + 1;
    next_slot = group.first + group.count;
  }
}

/// Throws unless an array [tokens, ...] of a batch is empty or complete.
inline void require_input(const ExpertBatch& batch, std::string_view part, std::size_t expected,
                          std::size_t found) {
  if (found > 0) require_size(batch, part, expected, found);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE LocalExecutor::LocalExecutor(const ModelSpec& spec, AnyProvider provider, ThreadPool& pool,
                                        const detail::simd::Kernels* kernels)
    : spec_(spec),
      provider_(std::move(provider)),
      compute_(pool, kernels ? *kernels : detail::simd::kernels()),
      lists_(spec_.experts()) {
  if (const ExpertCatalog* catalog = provider_.catalog()) detail::require_expert_shapes(*catalog, spec_);
}

MOE_INLINE void LocalExecutor::begin(const ExpertBatch& batch) {
  check(batch);
  batch_ = batch;
}

MOE_INLINE void LocalExecutor::check(const ExpertBatch& batch) const {
  const RouterSpec* router = batch.layer < spec_.layers.size() ? spec_.layers[batch.layer].router() : nullptr;
  if (!router)
    detail::fail("batch of experts", detail::concat("layer ", batch.layer), "a layer with experts",
                 "no such layer");
  const std::size_t hidden =
      detail::expert_shape(*spec_.layers[batch.layer].feed_forward, spec_.hidden_size).hidden;
  detail::require_size(batch, "numbers per token", hidden, batch.hidden);
  detail::require_size(batch, "router's weights", batch.slots(), batch.weights.size());
  const std::size_t inputs = detail::numbers_of(batch, batch.tokens);
  detail::require_size(batch, "results", detail::numbers_of(batch, batch.slots()), batch.results.size());
  detail::require_input(batch, "inputs", inputs, batch.inputs.size());
  detail::require_input(batch, "int8 inputs", inputs, batch.quants.size());
  detail::require_input(batch, "scales", batch.tokens * (hidden / 32), batch.scales.size());
  detail::require_groups(batch, router->experts);
  for (const std::uint32_t token : batch.token_of)
    if (token >= batch.tokens)
      detail::fail("batch of experts", detail::concat("layer ", batch.layer),
                   detail::concat("tokens below ", batch.tokens), detail::concat(token));
}

MOE_INLINE detail::Activations LocalExecutor::prepare(const ExpertBatch& batch,
                                                      const detail::QuantisedActivations& memory) const {
  if (batch.inputs.empty()) return prepare_quants(batch, memory);
  return compute_.prepare(batch.hidden % 32 == 0, batch.inputs.data(), batch.hidden, batch.tokens, memory);
}

MOE_INLINE detail::Activations LocalExecutor::prepare_quants(
    const ExpertBatch& batch, const detail::QuantisedActivations& memory) const {
  const bool complete = batch.hidden % 32 == 0 && batch.quants.size() == batch.tokens * batch.hidden &&
                        batch.scales.size() * 32 == batch.quants.size();
  detail::expect(complete || batch.groups.empty(), "batch of experts", "inputs", "f32, or int8 with scales",
                 "neither");
  for (std::size_t i = 0; i < batch.quants.size() / 16; ++i) {
    int sum = 0;
    for (const std::int8_t quant : batch.quants.subspan(i * 16, 16)) sum += quant;
    memory.sums[i] = static_cast<std::int16_t>(sum);
  }
  return {.stride = batch.hidden,
          .quants = batch.quants.data(),
          .scales = batch.scales.data(),
          .sums = memory.sums.data()};
}

MOE_INLINE void LocalExecutor::finish() {
  const detail::FloatEnvironment environment;
  const ExpertBatch batch = std::exchange(batch_, {});
  if (batch.groups.empty()) return;
  const FeedForwardSpec& spec = *spec_.layers[batch.layer].feed_forward;
  const bool bf16_dot = compute_.kernels().to_bf16 != nullptr;
  const auto take = [&](detail::Arena& arena) {
    const detail::Workspace space{arena, batch.tokens, compute_.threads(), bf16_dot};
    const detail::QuantisedActivations memory(arena, batch.tokens * batch.hidden, bf16_dot);
    return std::pair(memory, detail::NetworkBuffers(space, spec.network, batch.slots(), batch.results));
  };
  detail::Arena counting;
  (void)take(counting);
  if (counting.peak_bytes() > arena_bytes_) {
    arena_ = detail::Arena(counting.peak_bytes());
    arena_bytes_ = counting.peak_bytes();
  }
  const detail::Arena::Frame frame(arena_);
  const auto taken = take(arena_);
  const detail::Activations input = prepare(batch, taken.first);
  detail::run_groups({compute_, arena_, batch.tokens, {}},
                     {batch, detail::expert_shape(spec, spec_.hidden_size), spec.network, input},
                     taken.second, provider_, lists_);
}

}  // namespace moe::inline MOE_ABI
