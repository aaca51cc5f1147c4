// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../spec/layer_spec.hpp"
#include "../step.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A causal convolution of each channel (depthwise): out[t, c] = bias[c] + Σ over j of taps[j, c] · x[t − kernel + 1 + j, c].
/// The inputs before the step come from the first fixed array of the layer in the state of each text, [kernel − 1, channels],
/// oldest first; the next copy of the array gets the last inputs of the text. x: [tokens, channels], rows x_stride apart. out:
/// [tokens, channels], rows out_stride apart; `out` must not overlap x. bias: [channels] or empty. kernel: at most most_taps.
void convolve(const Step& step, std::span<const float> taps, const std::vector<float>& bias,
              std::size_t kernel, std::size_t layer, const float* x, std::size_t x_stride, float* out,
              std::size_t out_stride);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "convolution.ipp"
#endif
