// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "layer_spec.hpp"
#include "spec_reader.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// Reads the latent attention of all layers. max_positions: of the model; norm_epsilon: of its norms.
LatentAttentionSpec read_latent_attention(const SpecReader& reader, std::size_t max_positions,
                                          float norm_epsilon);

/// Reads the recurrent mixer that layers of the family have. layer: one of them; hidden_size: of the model.
MixerSpec read_recurrent(const SpecReader& reader, std::size_t layer, std::size_t hidden_size);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "mixer_reader.ipp"
#endif
