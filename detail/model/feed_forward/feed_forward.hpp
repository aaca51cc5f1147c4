// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../core/function_ref.hpp"
#include "../../experts/allowed_experts.hpp"
#include "../../spec/model_spec.hpp"
#include "../step.hpp"
#include "../layer_weights.hpp"
#include "executor.hpp"
#include "../expert_executor.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The router of a later layer, for the lookahead.
struct NextRouter {
  std::uint32_t layer = 0;
  const RouterSpec* spec = nullptr;  // null: no lookahead
  const RouterWeights* weights = nullptr;
};

/// See TransformerOptions::adjust_choice.
using AdjustChoice = FunctionRef<void(std::size_t layer, std::span<float> scores)>;

/// The arguments of a feed-forward part, apart from its weights and its input.
struct FeedForwardContext {
  std::uint32_t layer;
  std::size_t hidden;
  AnyProvider& provider;
  const AllowedExperts& allowed;
  ExecutorLists& lists;
  NextRouter next = {};                 // the experts that it will probably choose are announced
  FunctionRef<void()> before_sum = {};  // called before the results of the experts are added up
  SharedExecutor* executor =
      nullptr;  // computes the experts; null: this thread does, with experts of `provider`
  AdjustChoice adjust_choice = {};  // called in steps of a single token
};

/// The intermediate results of feed_forward() for one step.
struct FeedForwardBuffers {
  FeedForwardBuffers(const Workspace& space, const FeedForwardSpec& spec, std::size_t hidden);

  Arena::Frame frame;
  std::span<float> normed;        // [tokens, hidden]
  QuantisedActivations input;     // of normed
  std::span<float> router_input;  // [tokens, hidden], if the router has an input of its own
  QuantisedActivations router_prepared;
  std::span<float> logits, choice_scores;              // [tokens, experts]
  std::span<std::uint32_t> chosen, slot_of, token_of;  // [tokens, per_token]
  std::span<float> weights, weight_of;                 // [tokens, per_token]
  std::span<float> mass;                               // [tokens]: softmax mass of the allowed experts
  std::span<float> latent;                             // [tokens, latent]
  std::span<float> latent_sum;                         // [tokens, latent]
  QuantisedActivations latent_input;
};

/// out = the feed-forward part of a layer: a network for every token, or Σ weight · expert over the experts that the router
/// chose for each token, always in rank order, plus a network that is always on. The part norms its input itself.
/// x: the residual stream. x, out: [tokens, hidden]; they must not overlap.
/// Exceptions of the provider or the executor pass through, and no lease is held after them.
void feed_forward(const Step& step, const FeedForwardSpec& spec, const FeedForwardWeights& w,
                  const FeedForwardContext& context, const float* x, float* out);

/// Takes the same arrays from the arena as feed_forward().
void reserve_feed_forward(const Workspace& space, const FeedForwardSpec& spec, std::size_t hidden);

/// The shape of the experts of a layer.
ExpertShape expert_shape(const FeedForwardSpec& spec, std::size_t hidden);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "feed_forward.ipp"
#endif
