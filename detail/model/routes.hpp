#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace moe {

/// What the router of one layer chose for consecutive positions.
struct Routes {
  std::size_t layer;
  std::size_t first_position;
  std::size_t experts_per_token;
  std::span<const std::uint32_t> experts;  // [tokens, experts_per_token], in rank order
  std::span<const float> weights;          // [tokens, experts_per_token]
};

}  // namespace moe
