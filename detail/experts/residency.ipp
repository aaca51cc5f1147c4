// SPDX-License-Identifier: MIT
#pragma once
#include "residency.hpp"

#include <algorithm>
#include <cstddef>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE LayerShares::LayerShares(const CacheOptions& options) {
  if (options.layers == 0 || options.largest_bytes == 0) return;
  const std::size_t k = options.experts_per_token, experts = options.budget_bytes / options.largest_bytes;
  if (options.floor) floor = std::min(experts / options.layers, k);
  // The hot experts leave room for the experts that a token uses in two layers, the current one and the next one.
  if (experts > k && experts - k > k) hot = (experts - 2 * k) / options.layers;
}

}  // namespace moe::inline MOE_ABI::detail
