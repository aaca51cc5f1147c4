#pragma once
#include "../core/error.hpp"
#include "../core/list.hpp"
#include "../core/order.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe {

/// A restriction of the routers: which experts each layer may choose from. A layer of which nothing was said may choose
/// from all of its experts. Any number of layers and experts.
class AllowedExperts {
 public:
  /// From now on this layer may choose from these experts, in any order, and from no others. Throws if there is none.
  void allow_only(std::uint32_t layer, std::span<const std::uint32_t> experts) {
    expect(!experts.empty(), "allowed experts", detail::concat("layer ", layer), "at least one", "none");
    List<ExpertId> ids;
    for (const ExpertId id : ids_)
      if (id.layer != layer) ids.push_back(id);
    for (const std::uint32_t expert : experts) ids.push_back({layer, expert});
    detail::sort_by(ids, [](ExpertId a, ExpertId b) { return a < b; });
    ids_.clear();
    for (const ExpertId id : ids)
      if (ids_.empty() || ids_.back() != id) ids_.push_back(id);
  }

  /// Whether every layer may choose from all of its experts.
  bool all() const { return ids_.empty(); }

  /// Those of a layer, in ascending order; none if it may choose from all.
  std::span<const ExpertId> of(std::size_t layer) const {
    const std::size_t first =
        detail::partition_index(ids_.size(), [&](std::size_t i) { return ids_[i].layer < layer; });
    const std::size_t last =
        detail::partition_index(ids_.size(), [&](std::size_t i) { return ids_[i].layer <= layer; });
    return std::span(ids_).subspan(first, last - first);
  }

  /// Those of all restricted layers, in ascending order.
  std::span<const ExpertId> ids() const { return ids_; }

 private:
  List<ExpertId> ids_;  // sorted, each once; a layer that has none here is not restricted
};

}  // namespace moe
