#pragma once
#include "../core/config.hpp"
#include "../experts/usage_profile.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// Numbers from `first` to `last`, both included.
struct IndexRange {
  std::uint32_t first = 0, last = UINT32_MAX;

  bool contains(std::size_t number) const { return number >= first && number <= last; }

  /// Throws if there are numbers in it that are not below `count`, or none. Without a last one it goes as far as it can.
  void require_below(std::size_t count, std::string_view what) const;
};

/// Which experts of each layer are extracted: those of a range, the most used ones, or the fewest that cover a share of
/// what routers chose.
class ExpertSelection {
 public:
  static ExpertSelection range(IndexRange experts);

  /// The `most` experts of each layer that were chosen most often. `file` is the profile's, for errors.
  static ExpertSelection most_used(UsageProfile profile, std::size_t most, std::string file);

  /// Of each layer the fewest experts that got at least `share` of its router's choices, and no fewer than a token takes.
  static ExpertSelection covering(UsageProfile profile, double share, std::string file);

  /// Throws if the profile knows layers that a model of so many has not, as that of another model may.
  void require_layers(std::size_t layers) const;

  /// The experts of a layer that has `count`, of which a token takes `per_token`, in ascending order. Throws if the range goes
  /// beyond them, or the profile does not know that layer.
  std::vector<std::uint32_t> of(std::uint32_t layer, std::size_t count, std::size_t per_token) const;

 private:
  void require(const UsageProfile& profile, std::uint32_t layer, std::size_t count) const;

  /// How many of the experts, which stand in the order of their use, got the share.
  std::size_t covering(const UsageProfile& profile, std::uint32_t layer,
                       const std::vector<std::uint32_t>& order) const;

  /// A router must find as many experts as it chooses: the first ones of those that nobody used.
  static void fill(std::vector<std::uint32_t>& experts, std::size_t least);

  IndexRange range_;
  std::string file_;
  std::optional<UsageProfile> profile_;  // without one the range counts
  std::size_t most_ = SIZE_MAX;
  double share_ = 1;
  bool enough_for_a_token_ = false;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "expert_selection.ipp"
#endif
