#pragma once
#include "../core/config.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// A restriction of the routers: which experts each layer may choose from. A layer of which nothing was said may choose
/// from all of its experts. Any number of layers and experts.
class AllowedExperts {
 public:
  /// From now on this layer may choose from these experts, in any order, and from no others. Throws if there is none.
  void allow_only(std::uint32_t layer, std::span<const std::uint32_t> experts);

  /// Whether every layer may choose from all of its experts.
  bool all() const { return ids_.empty(); }

  /// Those of a layer, in ascending order; none if it may choose from all.
  std::span<const ExpertId> of(std::size_t layer) const;

  /// Those of all restricted layers, in ascending order.
  std::span<const ExpertId> ids() const { return ids_; }

 private:
  std::vector<ExpertId> ids_;  // sorted, each once; a layer that has none here is not restricted
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "allowed_experts.ipp"
#endif
