// SPDX-License-Identifier: MIT
#pragma once
#include "present_experts.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE AllowedExperts present_experts(const ExpertCatalog& catalog, AllowedExperts allowed) {
  const std::size_t layers = catalog.missing() > 0 ? catalog.layers() : 0;
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    if (catalog.experts(layer) == 0) continue;
    const std::span<const ExpertId> wanted =
        allowed.of(layer).empty() ? catalog.ids(layer) : allowed.of(layer);
    std::vector<std::uint32_t> present;
    for (const ExpertId id : wanted)
      if (catalog.has(id)) present.push_back(id.expert);
    allowed.allow_only(layer, present);
  }
  return allowed;
}

}  // namespace moe::inline MOE_ABI::detail
