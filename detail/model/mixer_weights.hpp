// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../spec/model_spec.hpp"
#include "weight_reader.hpp"
#include "layer_weights.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// Reads the weights of the mixer of a layer. Throws unless all tensors are there, with the shapes that follow from the spec.
MixerWeights read_mixer(const WeightReader& reader, std::size_t layer, const MixerSpec& spec);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "mixer_weights.ipp"
#endif
