// SPDX-License-Identifier: MIT
#pragma once
#include "convolution.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void convolve(const Step& step, std::span<const float> taps, const std::vector<float>& bias,
                         std::size_t kernel, const FixedState& state, const float* x, std::size_t x_stride,
                         float* out, std::size_t out_stride) {
  MOE_ASSERT(kernel >= 1 && kernel <= most_taps);
  const std::size_t channels = taps.size() / kernel, before = kernel - 1;
  // Row i, counted from the oldest row of the state.
  const auto row = [&](std::size_t i) {
    return i < before ? state.current + i * channels : x + (i - before) * x_stride;
  };
  step.compute.for_each(step.tokens, [&](std::size_t t, std::size_t) noexcept {
    const float* rows[most_taps];
    for (std::size_t j = 0; j < kernel; ++j) rows[j] = row(t + j);
    step.kernels().convolve(rows, taps.data(), bias.empty() ? nullptr : bias.data(), kernel,
                            out + t * out_stride, channels);
  });
  for (std::size_t i = 0; i < before; ++i)
    std::copy_n(row(step.tokens + i), channels, state.next + i * channels);
}

}  // namespace moe::inline MOE_ABI::detail
