// SPDX-License-Identifier: MIT
#pragma once
#include "restriction_statistics.hpp"

#include <span>

namespace moe::inline MOE_ABI {

MOE_INLINE void RestrictionStatistics::add(std::span<const float> masses) {
  choices += masses.size();
  for (const float one : masses) mass += static_cast<double>(one);
}

}  // namespace moe::inline MOE_ABI
