#pragma once
#include "allowed_experts.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE void AllowedExperts::allow_only(std::uint32_t layer, std::span<const std::uint32_t> experts) {
  detail::expect(!experts.empty(), "allowed experts", detail::concat("layer ", layer), "at least one",
                 "none");
  std::vector<ExpertId> ids;
  for (const ExpertId id : ids_)
    if (id.layer != layer) ids.push_back(id);
  for (const std::uint32_t expert : experts) ids.push_back({layer, expert});
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  ids_ = std::move(ids);
}

MOE_INLINE std::span<const ExpertId> AllowedExperts::of(std::size_t layer) const {
  const auto first = std::ranges::lower_bound(ids_, layer, {}, &ExpertId::layer);
  return {first, std::ranges::upper_bound(first, ids_.end(), layer, {}, &ExpertId::layer)};
}

}  // namespace moe::inline MOE_ABI
