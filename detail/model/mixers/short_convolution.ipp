// SPDX-License-Identifier: MIT
#pragma once
#include "short_convolution.hpp"
#include "convolution.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ShortConvolutionBuffers::ShortConvolutionBuffers(const Workspace& space, std::size_t hidden)
    : frame(space.arena),
      input(space.arena, space.tokens * hidden, space.bf16_dot),
      output_input(space.arena, space.tokens * hidden, space.bf16_dot),
      projected(space.arena.take<float>(3 * space.tokens * hidden)),
      convolved(space.arena.take<float>(space.tokens * hidden)) {}

MOE_INLINE void short_convolution(const Step& step, const ShortConvolutionSpec& spec,
                                  const ShortConvolutionWeights& w, std::size_t layer, const float* x,
                                  float* out) {
  const std::size_t hidden = w.output.rows;
  const ShortConvolutionBuffers b(step.workspace(), hidden);
  step.compute.multiply({.weights = w.input,
                         .input = step.compute.prepare(step.kernels().takes_int8(w.input.dtype), x, hidden,
                                                       step.tokens, b.input),
                         .tokens = step.tokens,
                         .out = b.projected.data(),
                         .out_stride = 3 * hidden,
                         .bias = as_vector(w.input_bias)});
  step.compute.for_each(step.tokens, [&](std::size_t t, std::size_t) noexcept {
    float* const row = &b.projected[t * 3 * hidden];
    step.kernels().multiply(row, row + 2 * hidden, hidden);  // B becomes B ∘ u
  });
  convolve(step, w.taps, w.convolution_bias, spec.kernel, layer, b.projected.data(), 3 * hidden,
           b.convolved.data(), hidden);
  step.compute.for_each(step.tokens, [&](std::size_t t, std::size_t) noexcept {
    step.kernels().multiply(&b.convolved[t * hidden], &b.projected[t * 3 * hidden + hidden], hidden);
  });
  step.compute.multiply(
      {.weights = w.output,
       .input = step.compute.prepare(step.kernels().takes_int8(w.output.dtype), b.convolved.data(), hidden,
                                     step.tokens, b.output_input),
       .tokens = step.tokens,
       .out = out,
       .out_stride = hidden,
       .bias = as_vector(w.output_bias)});
}

}  // namespace moe::inline MOE_ABI::detail
