// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../spec/model_spec.hpp"
#include "../step.hpp"
#include "../layer_weights.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The intermediate results of short_convolution() for one step.
struct ShortConvolutionBuffers {
  ShortConvolutionBuffers(const Workspace& space, std::size_t hidden);

  Arena::Frame frame;
  QuantisedActivations input, output_input;
  std::span<float> projected;  // [tokens, 3, hidden]: B, C, u
  std::span<float> convolved;  // [tokens, hidden]
};

/// (B, C, u) = input · x;   out = output · (C ∘ convolution(B ∘ u)). x, out: [tokens, hidden].
/// The fixed array of the layer in the state of each text: the inputs of the convolution.
/// Source: Lfm2ShortConv in transformers.
void short_convolution(const Step& step, const ShortConvolutionSpec& spec, const ShortConvolutionWeights& w,
                       std::size_t layer, const float* x, float* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "short_convolution.ipp"
#endif
