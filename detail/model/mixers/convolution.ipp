// SPDX-License-Identifier: MIT
#pragma once
#include "convolution.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void convolve(const Step& step, std::span<const float> taps, const std::vector<float>& bias,
                         std::size_t kernel, std::size_t layer, const float* x, std::size_t x_stride,
                         float* out, std::size_t out_stride) {
  MOE_ASSERT(kernel >= 1 && kernel <= most_taps);
  const std::size_t channels = taps.size() / kernel, before = kernel - 1;
  // Row i of a text, counted from the oldest row of its state.
  const auto row = [&](const StepText& text, const FixedState& state, std::size_t i) {
    return i < before ? state.current + i * channels : x + (text.first + i - before) * x_stride;
  };
  step.compute.for_each(step.tokens, [&](std::size_t t, std::size_t) noexcept {
    const StepText& text = step.text_of(t);
    const FixedState state = text.state.fixed(layer, 0);
    const float* rows[most_taps];
    for (std::size_t j = 0; j < kernel; ++j) rows[j] = row(text, state, t - text.first + j);
    step.kernels().convolve(rows, taps.data(), bias.empty() ? nullptr : bias.data(), kernel,
                            out + t * out_stride, channels);
  });
  for (const StepText& text : step.texts) {
    const FixedState state = text.state.fixed(layer, 0);
    for (std::size_t i = 0; i < before; ++i)
      std::copy_n(row(text, state, text.tokens + i), channels, state.next + i * channels);
  }
}

}  // namespace moe::inline MOE_ABI::detail
