// SPDX-License-Identifier: MIT
#pragma once
#include "delta_net.hpp"
#include "convolution.hpp"
#include "../scalar_functions.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE DeltaNetBuffers::DeltaNetBuffers(const Workspace& space, const DeltaNetSpec& spec,
                                            std::size_t hidden)
    : frame(space.arena),
      input(space.arena, space.tokens * hidden, space.bf16_dot),
      output_input(space.arena, space.tokens * spec.value_size(), space.bf16_dot),
      projected(space.arena.take<float>(space.tokens * spec.channels())),
      convolved(space.arena.take<float>(space.tokens * spec.channels())),
      gate(space.arena.take<float>(space.tokens * spec.value_size())),
      beta(space.arena.take<float>(space.tokens * spec.value_heads)),
      decay(space.arena.take<float>(space.tokens * spec.value_heads)),
      result(space.arena.take<float>(space.tokens * spec.value_size())) {}

/// The delta net of one step.
class DeltaNetRun {
 public:
  DeltaNetRun(const Step& step, const DeltaNetSpec& spec, const DeltaNetWeights& w, float norm_epsilon,
              std::size_t hidden)
      : step_(step), spec_(spec), w_(w), epsilon_(norm_epsilon), b_(step.workspace(), spec, hidden) {}

  void run(std::size_t layer, const float* x, float* out) {
    project(x);
    const std::size_t channels = spec_.channels();
    convolve(step_, w_.taps, {}, spec_.kernel, layer, b_.projected.data(), channels, b_.convolved.data(),
             channels);
    prepare_tokens();
    update(layer);
    step_.compute.multiply({.weights = w_.output,
                            .input = gated(),
                            .tokens = step_.tokens,
                            .out = out,
                            .out_stride = w_.output.rows});
  }

 private:
  void project(const float* x) {
    const bool quantised =
        step_.kernels().takes_int8(w_.qkv.dtype) || step_.kernels().takes_int8(w_.gate.dtype) ||
        step_.kernels().takes_int8(w_.beta.dtype) || step_.kernels().takes_int8(w_.decay.dtype);
    const Activations input = step_.compute.prepare(quantised, x, w_.qkv.cols, step_.tokens, b_.input);
    const auto product = [&](const Matrix& weights, std::span<float> to) {
      return Product{.weights = weights,
                     .input = input,
                     .tokens = step_.tokens,
                     .out = to.data(),
                     .out_stride = weights.rows};
    };
    const Product products[] = {product(w_.qkv, b_.projected), product(w_.gate, b_.gate),
                                product(w_.beta, b_.beta), product(w_.decay, b_.decay)};
    step_.compute.multiply(products);
  }

  /// Applies silu, and norms queries and keys; beta = β and decay = e^g.
  void prepare_tokens() {
    const std::size_t d = spec_.key_dim;
    const float query_scale = 1 / std::sqrt(static_cast<float>(d));
    constexpr float l2_epsilon = 1e-6f;  // as in the source; not the epsilon of the configuration
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      const simd::Kernels& kernels = step_.kernels();
      float* const qkv = &b_.convolved[t * spec_.channels()];
      kernels.silu(qkv, spec_.channels());
      for (std::size_t head = 0; head < 2 * spec_.key_heads; ++head)
        kernels.l2_norm(qkv + head * d, l2_epsilon, head < spec_.key_heads ? query_scale : 1.0f, d);
      for (std::size_t head = 0; head < spec_.value_heads; ++head) {
        float &beta = b_.beta[t * spec_.value_heads + head], &decay = b_.decay[t * spec_.value_heads + head];
        beta = static_cast<float>(sigmoid(static_cast<double>(beta)));
        const double time = softplus(static_cast<double>(decay) + static_cast<double>(w_.step_bias[head]));
        decay = static_cast<float>(portable::exp(static_cast<double>(w_.negative_decay[head]) * time));
      }
    });
  }

  /// The recurrence of each text and value head, token by token.
  void update(std::size_t layer) {
    const std::size_t d = spec_.key_dim, values = spec_.value_dim, heads = spec_.value_heads;
    step_.compute.for_each(heads * step_.texts.size(), [&](std::size_t item, std::size_t) noexcept {
      const StepText& text = step_.texts[item / heads];
      const FixedState states = text.state.fixed(layer, 1);
      const std::size_t head = item % heads;
      const std::size_t key_head =
          spec_.tiled_heads ? head % spec_.key_heads : head / (heads / spec_.key_heads);
      float* const state = states.next + head * d * values;
      std::copy_n(states.current + head * d * values, d * values, state);
      for (std::size_t t = text.first; t < text.first + text.tokens; ++t) {
        const float* const qkv = &b_.convolved[t * spec_.channels()];
        step_.kernels().delta_step({.q = qkv + key_head * d,
                                    .k = qkv + (spec_.key_heads + key_head) * d,
                                    .v = qkv + 2 * spec_.key_heads * d + head * values,
                                    .decay = b_.decay[t * heads + head],
                                    .beta = b_.beta[t * heads + head],
                                    .state = state,
                                    .key_dim = d,
                                    .value_dim = values,
                                    .columns = values,
                                    .out = &b_.result[(t * heads + head) * values]});
      }
    });
  }

  /// gate = silu(gate) ∘ rms_norm(result), as input of the output projection.
  Activations gated() {
    const std::size_t values = spec_.value_dim;
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      for (std::size_t i = t * spec_.value_heads; i < (t + 1) * spec_.value_heads; ++i) {
        float* const result = &b_.result[i * values];
        step_.kernels().rms_norm(result, w_.norm.data(), epsilon_, result, values);
        step_.kernels().silu_mul(&b_.gate[i * values], result, values);
      }
    });
    return step_.compute.prepare(step_.kernels().takes_int8(w_.output.dtype), b_.gate.data(),
                                 spec_.value_size(), step_.tokens, b_.output_input);
  }

  const Step& step_;
  const DeltaNetSpec& spec_;
  const DeltaNetWeights& w_;
  float epsilon_;
  DeltaNetBuffers b_;
};

MOE_INLINE void delta_net(const Step& step, const DeltaNetSpec& spec, const DeltaNetWeights& w,
                          float norm_epsilon, std::size_t layer, const float* x, float* out) {
  DeltaNetRun(step, spec, w, norm_epsilon, w.output.rows).run(layer, x, out);
}

}  // namespace moe::inline MOE_ABI::detail
