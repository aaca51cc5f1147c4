// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/usage_profile.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// The numbers from `first` to `last`, both included. The default of `last` means: to the end.
struct IndexRange {
  std::uint32_t first = 0, last = UINT32_MAX;

  bool contains(std::size_t number) const { return number >= first && number <= last; }

  /// Throws if the range is empty, or if `first`, or a `last` other than the default, is not below `count`. `place` names the
  /// range in the message.
  void require_below(std::size_t count, std::string_view place) const;
};

/// A choice of experts in each layer: a range, the most used experts, or the fewest experts that cover a share of the
/// routers' choices.
class ExpertSelection {
 public:
  static ExpertSelection range(IndexRange experts);

  /// The experts of each layer that were chosen most often: at most `most`, and none that was never chosen. `file`: the path of
  /// the profile, for error messages.
  static ExpertSelection most_used(UsageProfile profile, std::size_t most, std::string file);

  /// In each layer the fewest experts that got at least `share` (above 0, at most 1) of the router's choices, but at least as
  /// many as the router chooses for one token.
  static ExpertSelection covering(UsageProfile profile, double share, std::string file);

  /// Throws if the profile has more layers than the model.
  void require_layers(std::size_t layers) const;

  /// Whether the result of of() depends on `per_token`.
  bool needs_experts_per_token() const { return enough_for_a_token_; }

  /// The selected experts, in ascending order, of a layer that has `count` experts and whose router chooses `per_token` of them
  /// for each token. Throws if the range exceeds `count`, if the profile is of another model, or if the profile has no uses in
  /// this layer.
  std::vector<std::uint32_t> of(std::uint32_t layer, std::size_t count, std::size_t per_token) const;

 private:
  void require_profile_of(std::uint32_t layer, std::size_t count) const;
  std::size_t count_for_share(std::uint32_t layer, const std::vector<std::uint32_t>& order) const;

  IndexRange range_;
  std::string file_;
  std::optional<UsageProfile> profile_;  // empty: range_ selects
  std::size_t most_ = SIZE_MAX;
  double share_ = 1;
  bool enough_for_a_token_ = false;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "expert_selection.ipp"
#endif
