#pragma once
#include "../core/config.hpp"
#include "../core/tensor.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI {

/// Names one expert of a model.
struct ExpertId {
  std::uint32_t layer = 0;
  std::uint32_t expert = 0;
  friend auto operator<=>(const ExpertId&, const ExpertId&) = default;
};

/// The weights of one gated feed-forward expert, as views: y = down · (silu(gate · x) ∘ (up · x)).
struct ExpertWeights {
  Matrix gate;  // [intermediate, hidden]
  Matrix up;    // [intermediate, hidden]
  Matrix down;  // [hidden, intermediate]

  std::size_t bytes() const { return gate.bytes() + up.bytes() + down.bytes(); }
};

}  // namespace moe::inline MOE_ABI
