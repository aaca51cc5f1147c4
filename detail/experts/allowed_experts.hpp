#pragma once
#include "../core/error.hpp"
#include "expert.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace moe {

/// A restriction of the routers: which experts each layer may choose from. A layer of which nothing was said may choose
/// from all of its experts. Any number of layers and experts.
class AllowedExperts {
 public:
  /// From now on this layer may choose from these experts, in any order, and from no others. Throws if there is none.
  void allow_only(std::uint32_t layer, std::span<const std::uint32_t> experts) {
    expect(!experts.empty(), "allowed experts", detail::concat("layer ", layer), "at least one", "none");
    std::vector<ExpertId> ids;
    for (const ExpertId id : ids_)
      if (id.layer != layer) ids.push_back(id);
    for (const std::uint32_t expert : experts) ids.push_back({layer, expert});
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    ids_ = std::move(ids);
  }

  /// Whether every layer may choose from all of its experts.
  bool all() const { return ids_.empty(); }

  /// Those of a layer, in ascending order; none if it may choose from all.
  std::span<const ExpertId> of(std::size_t layer) const {
    const auto of_layer = std::ranges::equal_range(ids_, layer, {}, &ExpertId::layer);
    return {of_layer.begin(), of_layer.end()};
  }

  /// Those of all restricted layers, in ascending order.
  std::span<const ExpertId> ids() const { return ids_; }

 private:
  std::vector<ExpertId> ids_;  // sorted, each once; a layer that has none here is not restricted
};

}  // namespace moe
