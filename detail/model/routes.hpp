#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI {

/// What the router of one layer chose for consecutive positions.
struct Routes {
  std::size_t layer;
  std::size_t first_position;
  std::size_t experts_per_token;
  std::span<const std::uint32_t> experts;  // [tokens, experts_per_token], in rank order
  std::span<const float> weights;          // [tokens, experts_per_token]

  // If the router of the layer is restricted; see AllowedExperts.
  std::size_t allowed_experts = 0;           // how many it could choose from; 0: all
  std::span<const float> allowed_mass = {};  // [tokens]: their share of the softmax over all experts
};

}  // namespace moe::inline MOE_ABI
