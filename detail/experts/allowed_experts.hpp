// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// A restriction of the routers: which experts the router of each layer may choose. Layers without a restriction may choose
/// from all of their experts.
class AllowedExperts {
 public:
  /// Restricts a layer to these experts, given in any order; replaces an earlier restriction of the layer. Throws if `experts`
  /// is empty. Takes time linear in the number of allowed experts of later layers.
  void allow_only(std::uint32_t layer, std::span<const std::uint32_t> experts);

  /// Whether no layer is restricted.
  bool all() const { return ids_.empty(); }

  /// The allowed experts of a layer, in ascending order; empty if the layer is not restricted.
  std::span<const ExpertId> of(std::size_t layer) const;

  /// The allowed experts of all restricted layers, in ascending order.
  std::span<const ExpertId> ids() const { return ids_; }

 private:
  /// The first id of this layer, or of a later one.
  std::vector<ExpertId>::const_iterator begin_of(std::size_t layer) const;

  std::vector<ExpertId> ids_;  // ascending, without duplicates; a layer without ids is not restricted
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "allowed_experts.ipp"
#endif
