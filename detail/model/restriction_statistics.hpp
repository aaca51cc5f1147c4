// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI {

/// The effect of restricted routers on the tokens of a sequence; see AllowedExperts.
struct RestrictionStatistics {
  std::size_t choices = 0;  // of restricted routers: one for each token and layer
  double mass = 0;          // sum over the choices of the softmax mass of the allowed experts

  /// The mean mass of the allowed experts; 1 if no router was restricted.
  double mean_mass() const { return choices == 0 ? 1 : mass / static_cast<double>(choices); }

  /// Counts choices of restricted routers. masses: [choices], the mass of the allowed experts of each.
  void add(std::span<const float> masses);
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "restriction_statistics.ipp"
#endif
