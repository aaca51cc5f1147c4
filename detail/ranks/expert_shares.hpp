// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/expert.hpp"
#include "../experts/usage_profile.hpp"
#include "../spec/model_spec.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI {

/// Which rank owns which expert. In each layer, with equal shares the numbers of experts of any two ranks differ by at most
/// one; with balanced shares no rank owns more than ceil(experts / ranks) experts. All ranks must make the same shares.
class ExpertShares {
 public:
  /// Equal shares: rank (layer + expert) mod ranks owns the expert. Throws if there are no ranks or more than 65535.
  ExpertShares(const ModelSpec& spec, std::size_t ranks);

  /// Balanced shares: the experts of each layer, most used first, go one by one to the rank with the smallest sum of counts,
  /// among the ranks that may own another expert. Throws as above, or if the profile has other layers or experts than the spec.
  ExpertShares(const ModelSpec& spec, std::size_t ranks, const UsageProfile& usage);

  std::size_t ranks() const { return ranks_; }

  /// The number of experts of a layer; 0 if there is no such layer.
  std::size_t experts(std::size_t layer) const { return layer < owners_.size() ? owners_[layer].size() : 0; }

  /// Precondition: the spec has this expert.
  std::size_t owner(ExpertId id) const { return owners_[id.layer][id.expert]; }

  /// The number of experts of all layers that a rank owns.
  std::size_t experts_of(std::size_t rank) const;

  /// CRC-32C of the owners of all experts, to compare the shares of two ranks.
  std::uint32_t checksum() const;

 private:
  std::size_t ranks_;
  std::vector<std::vector<std::uint16_t>> owners_;  // [layers][experts]
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "expert_shares.ipp"
#endif
