// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI {

/// The choices of the router of one layer for consecutive positions of a sequence. The spans are valid only while the observer
/// is called.
struct Routes {
  std::size_t layer;              // of the model
  std::size_t first_position;     // of the first token in its sequence
  std::size_t experts_per_token;  // of this router
  // [tokens, experts_per_token], for each token in descending order of the score that decides the choice.
  std::span<const std::uint32_t> experts;
  std::span<const float> weights;  // [tokens, experts_per_token]

  // Only if the router of the layer is restricted; see AllowedExperts.
  std::size_t allowed_experts = 0;           // the number of allowed experts; 0: no restriction
  std::span<const float> allowed_mass = {};  // [tokens]: the softmax mass of the allowed experts
};

}  // namespace moe::inline MOE_ABI
