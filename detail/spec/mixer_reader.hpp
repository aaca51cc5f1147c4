// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "layer_spec.hpp"
#include "spec_reader.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// Reads the latent attention of all layers. max_positions, norm_epsilon: of the model.
LatentAttentionSpec read_latent_attention(const SpecReader& reader, std::size_t max_positions,
                                          float norm_epsilon);

/// Reads the recurrent mixer of the family. layer: a layer with this mixer; hidden_size: of the model.
MixerSpec read_recurrent(const SpecReader& reader, std::size_t layer, std::size_t hidden_size);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "mixer_reader.ipp"
#endif
