// SPDX-License-Identifier: MIT
#pragma once
#include "feed_forward.hpp"
#include "../scalar_functions.hpp"
#include "../norm.hpp"
#include "router.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ExpertShape expert_shape(const FeedForwardSpec& spec, std::size_t hidden) {
  return {.hidden = spec.latent_size > 0 ? spec.latent_size : hidden,
          .width = spec.network.width,
          .gated = spec.network.gated(),
          .biases = spec.network.biases};
}

MOE_INLINE FeedForwardBuffers::FeedForwardBuffers(const Workspace& space, const FeedForwardSpec& spec,
                                                  std::size_t hidden)
    : frame(space.arena) {
  const std::size_t tokens = space.tokens;
  normed = space.arena.take<float>(tokens * hidden);
  input = QuantisedActivations(space.arena, tokens * hidden, space.bf16_dot);
  if (!spec.router) return;
  const RouterSpec& router = *spec.router;
  const std::size_t visits = tokens * router.per_token;
  if (router.own_norm) {
    router_input = space.arena.take<float>(tokens * hidden);
    router_prepared = QuantisedActivations(space.arena, tokens * hidden, space.bf16_dot);
  }
  logits = space.arena.take<float>(tokens * router.experts);
  choice_scores = space.arena.take<float>(tokens * router.experts);
  chosen = space.arena.take<std::uint32_t>(visits);
  slot_of = space.arena.take<std::uint32_t>(visits);
  token_of = space.arena.take<std::uint32_t>(visits);
  weights = space.arena.take<float>(visits);
  weight_of = space.arena.take<float>(visits);
  mass = space.arena.take<float>(tokens);
  if (spec.latent_size == 0) return;
  latent = space.arena.take<float>(tokens * spec.latent_size);
  latent_sum = space.arena.take<float>(tokens * spec.latent_size);
  latent_input = QuantisedActivations(space.arena, tokens * spec.latent_size, space.bf16_dot);
}

MOE_INLINE void reserve_feed_forward(const Workspace& space, const FeedForwardSpec& spec,
                                     std::size_t hidden) {
  const FeedForwardBuffers buffers(space, spec, hidden);
  const std::size_t slots = spec.router ? space.tokens * spec.router->per_token : space.tokens;
  {
    const Arena::Frame frame(space.arena);
    if (spec.always_on && spec.always_on->own_norms) (void)space.arena.take<float>(space.tokens * hidden);
    (void)NetworkBuffers(space, spec.network, slots, expert_shape(spec, hidden).hidden);
  }
  if (!spec.always_on) return;
  const Arena::Frame frame(space.arena);
  (void)NetworkBuffers(space, spec.always_on->network, space.tokens, hidden);
  if (space.experts_elsewhere) (void)space.arena.take<float>(slots * expert_shape(spec, hidden).hidden);
}

/// The feed-forward part of one layer for one step.
class FeedForwardRun {
 public:
  FeedForwardRun(const Step& step, const FeedForwardSpec& spec, const FeedForwardWeights& w,
                 const FeedForwardContext& context)
      : step_(step),
        spec_(spec),
        w_(w),
        context_(context),
        hidden_(context.hidden),
        b_(step.workspace(), spec, context.hidden) {}

  void run(const float* x, float* out) {
    apply(step_, w_.norm, x, b_.normed.data());
    if (!spec_.router) return run_network(spec_.network, w_.dense, input_of(b_.normed), out);
    const bool own_norms = spec_.always_on && spec_.always_on->own_norms;
    if (own_norms) {
      run_always_on(out);
      apply(step_, w_.always_on_post_norm, out, out);
      apply(step_, w_.experts_norm, x, b_.normed.data());
    }
    const Activations input = input_of(b_.normed);
    route(router_input(x, input));
    if (own_norms) {
      run_experts_with_norm(input, out);
    } else {
      run_experts_and_always_on(input, out);
    }
  }

 private:
  /// An input prepared for weights of any type. Router and experts may be quantised or not, so the int8 form is made whenever the
  /// width is a multiple of 32.
  Activations input_of(std::span<const float> x) const {
    return step_.compute.prepare(hidden_ % 32 == 0, x.data(), hidden_, step_.tokens, b_.input);
  }

  void run_network(const NetworkSpec& network, const ExpertWeights& weights, const Activations& input,
                   float* out) {
    NetworkBuffers buffers(step_.workspace(), network, step_.tokens, hidden_);
    const NetworkJob job{&weights, 0, step_.tokens};
    run_jobs(step_, network, {&job, 1}, input, {}, buffers, context_.lists.products);
    std::copy(buffers.result.begin(), buffers.result.end(), out);
  }

  void run_always_on(float* out) {
    const Arena::Frame frame(step_.arena);
    run_network(spec_.always_on->network, w_.always_on, input_of(b_.normed), out);
  }

  /// out = experts + gate · (network that is always on). With an executor, the network that is always on is computed while the
  /// executor computes the experts.
  void run_experts_and_always_on(const Activations& input, float* out) {
    if (!spec_.always_on) return run_experts(input, out);
    if (!context_.executor) run_experts(input, out);
    const Arena::Frame frame(step_.arena);
    const NetworkSpec& network = spec_.always_on->network;
    const NetworkBuffers buffers(step_.workspace(), network, step_.tokens, hidden_);
    const auto compute = [&] {
      const NetworkJob job{&w_.always_on, 0, step_.tokens};
      run_jobs(step_, network, {&job, 1}, input, {}, buffers, context_.lists.products);
    };
    if (context_.executor) {
      run_experts(input, out, compute);
    } else {
      compute();
    }
    add_gated(buffers.result, out);
  }

  /// out += gate · always_on. Both are [tokens, hidden]; the gate is one number per token, or 1 without weights of a gate.
  void add_gated(std::span<const float> always_on, float* out) {
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      float gate = 1;
      if (!w_.always_on_gate.empty())
        gate = static_cast<float>(sigmoid(static_cast<double>(
            step_.kernels().dot(w_.always_on_gate.data(), &b_.normed[t * hidden_], hidden_))));
      step_.kernels().add_scaled(out + t * hidden_, &always_on[t * hidden_], gate, hidden_);
    });
  }

  /// The input of the router: the normed input, or the residual stream after the router's own norm.
  Activations router_input(const float* x, const Activations& normed) {
    if (!spec_.router->own_norm) return normed;
    apply(step_, w_.router.input_norm, x, b_.router_input.data());
    return step_.compute.prepare(step_.kernels().takes_int8(w_.router.matrix.dtype), b_.router_input.data(),
                                 hidden_, step_.tokens, b_.router_prepared);
  }

  void multiply_router(const Matrix& router, const Activations& input) {
    step_.compute.multiply({.weights = router,
                            .input = input,
                            .tokens = step_.tokens,
                            .out = b_.logits.data(),
                            .out_stride = router.rows});
  }

  /// chosen and weights = the choice of the router for each token.
  void route(const Activations& input) {
    const RouterSpec& router = *spec_.router;
    const std::span<const ExpertId> allowed = context_.allowed.of(context_.layer);
    const std::size_t k = router.per_token, experts = router.experts;
    step_.compute.expect(nullptr);  // the next reads depend on the choice of the router
    multiply_router(w_.router.matrix, input);
    const auto adjust = [&](std::span<float> scores) { context_.adjust_choice(context_.layer, scores); };
    const bool adjusts = context_.adjust_choice && step_.tokens == 1;
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      b_.mass[t] =
          choose(router, w_.router, step_.kernels(), allowed, b_.logits.subspan(t * experts, experts),
                 b_.choice_scores.subspan(t * experts, experts),
                 {b_.chosen.subspan(t * k, k), b_.weights.subspan(t * k, k)},
                 adjusts ? AdjustScores(adjust) : AdjustScores());
    });
    for (StepText& text : step_.texts) report(text, allowed.size());
  }

  /// Adds the mass of the allowed experts to the statistics of a text, and calls on_routes of the text with the chosen experts.
  void report(StepText& text, std::size_t allowed) const {
    const std::size_t k = spec_.router->per_token, at = text.first * k, visits = text.tokens * k;
    const std::span<const float> mass =
        allowed == 0 ? std::span<const float>() : b_.mass.subspan(text.first, text.tokens);
    text.restriction.add(mass);
    if (text.on_routes)
      text.on_routes({.layer = context_.layer,
                      .first_position = text.position,
                      .experts_per_token = k,
                      .experts = b_.chosen.subspan(at, visits),
                      .weights = b_.weights.subspan(at, visits),
                      .allowed_experts = allowed,
                      .allowed_mass = mass});
  }

  /// Applies the router of a later layer to the input of this layer: a guess at the experts of the later layer.
  std::span<const ExpertId> predict(const Activations& input) {
    const NextRouter& next = context_.next;
    if (!next.spec || step_.tokens != 1 || next.spec->experts > b_.logits.size() ||
        next.spec->per_token > most_predicted)
      return {};
    const std::size_t experts = next.spec->experts, k = next.spec->per_token;
    multiply_router(next.weights->matrix, input);
    std::uint32_t chosen[most_predicted];
    float weights[most_predicted];
    (void)choose(*next.spec, *next.weights, step_.kernels(), context_.allowed.of(next.layer),
                 b_.logits.first(experts), b_.choice_scores.first(experts), {{chosen, k}, {weights, k}});
    for (std::size_t i = 0; i < k; ++i) predicted_[i] = {next.layer, chosen[i]};
    return {predicted_, k};
  }

  /// out[t] = Σ over ranks of weight · result of the expert, always in rank order. `meanwhile` is called while an executor
  /// computes.
  void run_experts(const Activations& normed, float* out, FunctionRef<void()> meanwhile = {}) {
    const Arena::Frame frame(step_.arena);
    const ExpertShape shape = expert_shape(spec_, hidden_);
    const std::size_t k = spec_.router->per_token;
    const bool latent = spec_.latent_size > 0;
    const Activations input = latent ? latent_input(normed) : normed;
    group_by_expert({b_.chosen, b_.weights, spec_.router->experts, k},
                    {b_.slot_of, b_.token_of, b_.weight_of}, context_.lists);
    ExpertBatch batch{.layer = context_.layer,
                      .tokens = step_.tokens,
                      .hidden = shape.hidden,
                      .groups = context_.lists.groups,
                      .token_of = b_.token_of,
                      .weights = b_.weight_of,
                      .decode = step_.is_decode(),
                      .predicted = predict(normed)};
    if (context_.executor) {
      compute_elsewhere(batch, input, meanwhile);
    } else {
      const NetworkBuffers buffers(step_.workspace(), spec_.network, batch.slots(), shape.hidden);
      batch.results = buffers.result;
      run_groups(step_, {batch, shape, spec_.network, input}, buffers, context_.provider, context_.lists);
    }
    if (context_.before_sum) context_.before_sum();
    float* const sums = latent ? b_.latent_sum.data() : out;
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      float* const sum = sums + t * shape.hidden;
      std::fill_n(sum, shape.hidden, 0.0f);
      for (std::size_t v = t * k; v < (t + 1) * k; ++v)
        step_.kernels().add_scaled(sum, &batch.results[b_.slot_of[v] * shape.hidden], b_.weights[v],
                                   shape.hidden);
    });
    if (latent) multiply_latent(w_.latent_out, b_.latent_sum.data(), out);
  }

  /// The results of a batch, from the executor.
  void compute_elsewhere(ExpertBatch& batch, const Activations& input, FunctionRef<void()> meanwhile) {
    const std::size_t numbers = batch.tokens * batch.hidden;
    batch.inputs = {input.x, numbers};
    if (input.quants) {
      batch.quants = {input.quants, numbers};
      batch.scales = {input.scales, numbers / 32};
    }
    batch.results = step_.arena.take<float>(batch.slots() * batch.hidden);
    const std::lock_guard lock(context_.executor->mutex);
    ExpertExecutor& executor = *context_.executor->executor;
    executor.begin(batch);
    if (meanwhile) meanwhile();  // throws nothing: the caller has taken its memory
    executor.finish();
  }

  void multiply_latent(const Matrix& weights, const float* x, float* out) {
    step_.compute.multiply({.weights = weights,
                            .input = step_.compute.prepare(step_.kernels().takes_int8(weights.dtype), x,
                                                           weights.cols, step_.tokens, b_.latent_input),
                            .tokens = step_.tokens,
                            .out = out,
                            .out_stride = weights.rows});
  }

  Activations latent_input(const Activations& normed) {
    step_.compute.multiply({.weights = w_.latent_in,
                            .input = normed,
                            .tokens = step_.tokens,
                            .out = b_.latent.data(),
                            .out_stride = spec_.latent_size});
    return step_.compute.prepare(spec_.latent_size % 32 == 0, b_.latent.data(), spec_.latent_size,
                                 step_.tokens, b_.latent_input);
  }

  /// out += norm(Σ weight · expert), for experts with norms of their own.
  void run_experts_with_norm(const Activations& input, float* out) {
    const Arena::Frame frame(step_.arena);
    const std::span<float> sum = step_.arena.take<float>(step_.tokens * hidden_);
    run_experts(input, sum.data());
    apply(step_, w_.experts_post_norm, sum.data(), sum.data());
    step_.compute.add(out, sum.data(), step_.tokens, hidden_);
  }

  static constexpr std::size_t most_predicted = 64;

  const Step& step_;
  const FeedForwardSpec& spec_;
  const FeedForwardWeights& w_;
  const FeedForwardContext& context_;
  const std::size_t hidden_;
  FeedForwardBuffers b_;
  ExpertId predicted_[most_predicted];
};

MOE_INLINE void feed_forward(const Step& step, const FeedForwardSpec& spec, const FeedForwardWeights& w,
                             const FeedForwardContext& context, const float* x, float* out) {
  FeedForwardRun(step, spec, w, context).run(x, out);
}

}  // namespace moe::inline MOE_ABI::detail
