// SPDX-License-Identifier: MIT
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
  for (const std::uint32_t expert : experts) ids.push_back({layer, expert});
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (const std::size_t most = ids_.size() + ids.size(); most > ids_.capacity())
    ids_.reserve(std::max(most, 2 * ids_.capacity()));  // so that nothing below throws
  ids_.insert(ids_.erase(begin_of(layer), begin_of(layer + std::size_t{1})), ids.begin(), ids.end());
}

MOE_INLINE std::span<const ExpertId> AllowedExperts::of(std::size_t layer) const {
  return {begin_of(layer), begin_of(layer + 1)};
}

MOE_INLINE std::vector<ExpertId>::const_iterator AllowedExperts::begin_of(std::size_t layer) const {
  return std::lower_bound(ids_.begin(), ids_.end(), layer,
                          [](ExpertId id, std::size_t sought) { return id.layer < sought; });
}

}  // namespace moe::inline MOE_ABI
