#pragma once
#include "present_experts.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE AllowedExperts present_experts(const ExpertCatalog& catalog, AllowedExperts allowed) {
  for (std::uint32_t layer = 0; layer < catalog.layers() && catalog.missing() > 0; ++layer) {
    std::vector<std::uint32_t> present;
    if (const std::span<const ExpertId> ids = allowed.of(layer); !ids.empty()) {
      for (const ExpertId id : ids)
        if (catalog.has(id)) present.push_back(id.expert);
    } else {
      for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert)
        if (catalog.has({layer, expert})) present.push_back(expert);
    }
    if (catalog.experts(layer) > 0) allowed.allow_only(layer, present);
  }
  return allowed;
}

}  // namespace moe::inline MOE_ABI::detail
