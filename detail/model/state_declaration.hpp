// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../spec/model_spec.hpp"
#include "state_array.hpp"

#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The size of the state of a sequence depends on these members and on the model.
struct StateOptions {
  std::size_t context = 0;  // the largest number of positions
  std::size_t chunk = 0;    // the largest number of tokens of a step
  DType kv_type = DType::f16;
};

/// The arrays that a mixer needs, in this order:
///   attention           keys, values
///   latent attention    rows of latents
///   delta net, Mamba-2  inputs of the convolution [kernel − 1, channels], states of the heads
///   short convolution   inputs of the convolution [kernel − 1, hidden]
/// Throws an Error if an array is larger than an object can be.
std::vector<StateArray> declare_state(const MixerSpec& mixer, std::size_t hidden_size,
                                      const StateOptions& options);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "state_declaration.ipp"
#endif
