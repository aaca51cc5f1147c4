// SPDX-License-Identifier: MIT
#pragma once
#include "present_experts.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE AllowedExperts present_experts(const ExpertCatalog& catalog, AllowedExperts allowed) {
  const std::size_t layers = catalog.missing() > 0 ? catalog.layers() : 0;
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    if (catalog.experts(layer) == 0) continue;
    const bool restricted = !allowed.of(layer).empty();
    const std::span<const ExpertId> wanted = restricted ? allowed.of(layer) : catalog.ids(layer);
    std::vector<std::uint32_t> present;
    for (const ExpertId id : wanted)
      if (catalog.has(id)) present.push_back(id.expert);
    if (present.empty())
      fail(catalog.checkpoint().path(), concat("layer ", layer),
           restricted ? "at least one of the allowed experts" : "at least one expert", "none");
    allowed.allow_only(layer, present);
  }
  return allowed;
}

}  // namespace moe::inline MOE_ABI::detail
