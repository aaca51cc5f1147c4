// SPDX-License-Identifier: MIT
#pragma once
#include "mamba2.hpp"
#include "convolution.hpp"
#include "../scalar_functions.hpp"

#include <algorithm>
#include <cstddef>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Mamba2Buffers::Mamba2Buffers(const Workspace& space, const Mamba2Spec& spec, std::size_t hidden)
    : frame(space.arena),
      input(space.arena, space.tokens * hidden, space.bf16_dot),
      output_input(space.arena, space.tokens * spec.inner_size(), space.bf16_dot),
      projected(space.arena.take<float>(space.tokens * (spec.inner_size() + spec.channels() + spec.heads))),
      convolved(space.arena.take<float>(space.tokens * spec.channels())),
      decay(space.arena.take<float>(space.tokens * spec.heads)),
      result(space.arena.take<float>(space.tokens * spec.inner_size())) {}

/// The Mamba-2 mixer of one step.
class Mamba2Run {
 public:
  Mamba2Run(const Step& step, const Mamba2Spec& spec, const Mamba2Weights& w, float norm_epsilon,
            std::size_t hidden)
      : step_(step), spec_(spec), w_(w), epsilon_(norm_epsilon), b_(step.workspace(), spec, hidden) {}

  void run(std::size_t layer, const float* h, float* out) {
    step_.compute.multiply({.weights = w_.input,
                            .input = step_.compute.prepare(step_.kernels().takes_int8(w_.input.dtype), h,
                                                           w_.input.cols, step_.tokens, b_.input),
                            .tokens = step_.tokens,
                            .out = b_.projected.data(),
                            .out_stride = row_size(),
                            .bias = as_vector(w_.input_bias)});
    convolve(step_, w_.taps, w_.convolution_bias, spec_.kernel, layer,
             b_.projected.data() + spec_.inner_size(), row_size(), b_.convolved.data(), spec_.channels());
    prepare_tokens();
    update(layer);
    step_.compute.multiply({.weights = w_.output,
                            .input = gated(),
                            .tokens = step_.tokens,
                            .out = out,
                            .out_stride = w_.output.rows,
                            .bias = as_vector(w_.output_bias)});
  }

 private:
  std::size_t row_size() const { return spec_.inner_size() + spec_.channels() + spec_.heads; }

  float& time_step(std::size_t t, std::size_t head) {
    return b_.projected[(t + 1) * row_size() - spec_.heads + head];
  }

  /// Applies silu to x, B and C; computes the time steps δ and the decays e^(−a δ).
  void prepare_tokens() {
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      step_.kernels().silu(&b_.convolved[t * spec_.channels()], spec_.channels());
      for (std::size_t head = 0; head < spec_.heads; ++head) {
        float& time = time_step(t, head);
        double delta = softplus(static_cast<double>(time) + static_cast<double>(w_.step_bias[head]));
        if (spec_.largest_step > 0)
          delta = std::min(std::max(delta, static_cast<double>(spec_.least_step)),
                           static_cast<double>(spec_.largest_step));
        time = static_cast<float>(delta);
        b_.decay[t * spec_.heads + head] =
            static_cast<float>(portable::exp(static_cast<double>(w_.negative_decay[head]) * delta));
      }
    });
  }

  /// The recurrence of each text and head, token by token.
  void update(std::size_t layer) {
    const std::size_t d = spec_.head_dim, n = spec_.state;
    const std::size_t items = spec_.heads * step_.texts.size();
    step_.compute.for_each(items, [&](std::size_t item, std::size_t) noexcept {
      const StepText& text = step_.texts[item / spec_.heads];
      const FixedState states = text.state.fixed(layer, 1);
      const std::size_t head = item % spec_.heads;
      const std::size_t group = head / (spec_.heads / spec_.groups);
      float* const state = states.next + head * n * d;
      std::copy_n(states.current + head * n * d, n * d, state);
      for (std::size_t t = text.first; t < text.first + text.tokens; ++t) {
        const float* const x = &b_.convolved[t * spec_.channels()];
        step_.kernels().mamba_step({.x = x + head * d,
                                    .b = x + spec_.inner_size() + group * n,
                                    .c = x + spec_.inner_size() + (spec_.groups + group) * n,
                                    .decay = b_.decay[t * spec_.heads + head],
                                    .step = time_step(t, head),
                                    .skip = w_.skip[head],
                                    .state = state,
                                    .head_dim = d,
                                    .state_dim = n,
                                    .out = &b_.result[(t * spec_.heads + head) * d]});
      }
    });
  }

  /// result = norm(result ∘ silu(z)), as input of the output projection.
  Activations gated() {
    const std::size_t inner = spec_.inner_size();
    const std::size_t group = spec_.grouped_norm ? inner / spec_.groups : inner;
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      float *const z = &b_.projected[t * row_size()], *const y = &b_.result[t * inner];
      step_.kernels().silu_mul(z, y, inner);
      for (std::size_t at = 0; at < inner; at += group)
        step_.kernels().rms_norm(z + at, w_.norm.data() + at, epsilon_, y + at, group);
    });
    return step_.compute.prepare(step_.kernels().takes_int8(w_.output.dtype), b_.result.data(), inner,
                                 step_.tokens, b_.output_input);
  }

  const Step& step_;
  const Mamba2Spec& spec_;
  const Mamba2Weights& w_;
  float epsilon_;
  Mamba2Buffers b_;
};

MOE_INLINE void mamba2(const Step& step, const Mamba2Spec& spec, const Mamba2Weights& w, float norm_epsilon,
                       std::size_t layer, const float* h, float* out) {
  Mamba2Run(step, spec, w, norm_epsilon, w.output.rows).run(layer, h, out);
}

}  // namespace moe::inline MOE_ABI::detail
