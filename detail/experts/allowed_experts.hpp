// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// A restriction of the routers: which experts the router of each layer may choose. The router of a layer without a restriction
/// may choose from all experts of the layer.
class AllowedExperts {
 public:
  /// Restricts a layer to these experts, given in any order; replaces an earlier restriction of the layer. If `experts` is
  /// empty, or without memory, throws and changes nothing. If layers are restricted in ascending order, the time is O(n log n)
  /// for n allowed experts in all.
  void allow_only(std::uint32_t layer, std::span<const std::uint32_t> experts);

  /// Whether no layer is restricted.
  bool all() const { return ids_.empty(); }

  /// The allowed experts of a layer, in ascending order; empty if the layer is not restricted.
  std::span<const ExpertId> of(std::size_t layer) const;

  /// The allowed experts of all restricted layers, in ascending order.
  std::span<const ExpertId> ids() const { return ids_; }

 private:
  /// The first id of this layer; if there is none, the first id of a later layer, or the end.
  std::vector<ExpertId>::const_iterator begin_of(std::size_t layer) const;

  std::vector<ExpertId> ids_;  // ascending, without duplicates; a layer without ids is not restricted
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "allowed_experts.ipp"
#endif
