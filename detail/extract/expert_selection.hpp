#pragma once
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../experts/catalog.hpp"
#include "../experts/usage_profile.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe {

/// Numbers from `first` to `last`, both included.
struct IndexRange {
  std::uint32_t first = 0, last = UINT32_MAX;

  bool contains(std::size_t number) const { return number >= first && number <= last; }

  /// Throws if there are numbers in it that are not below `count`, or none. Without a last one it goes as far as it can.
  void require_below(std::size_t count, std::string_view what) const {
    const bool open = last == UINT32_MAX;
    if (first > last || first >= count || (!open && last >= count))
      fail("extraction", what, detail::concat("a range of numbers below ", count),
           detail::concat(first, " to ", open ? "the last" : detail::concat(last)));
  }
};

/// Which experts of each layer are extracted: those of a range, the most used ones, or the fewest that cover a share of
/// what routers chose.
class ExpertSelection {
 public:
  static ExpertSelection range(IndexRange experts) {
    ExpertSelection out;
    out.range_ = experts;
    return out;
  }

  /// The `most` experts of each layer that were chosen most often. `file` is the profile's, for errors.
  static ExpertSelection most_used(UsageProfile profile, std::size_t most, std::string file) {
    ExpertSelection out;
    out.file_ = std::move(file);
    out.most_ = most;
    out.profile_ = std::move(profile);
    return out;
  }

  /// Of each layer the fewest experts that got at least `share` of its router's choices, and no fewer than a token takes.
  static ExpertSelection covering(UsageProfile profile, double share, std::string file) {
    if (!(share > 0 && share <= 1)) fail(file, "coverage", "above 0, and at most 1", detail::concat(share));
    ExpertSelection out = most_used(std::move(profile), SIZE_MAX, std::move(file));
    out.share_ = share;
    out.enough_for_a_token_ = true;
    return out;
  }

  /// Throws if the profile knows layers that a model of so many has not, as that of another model may.
  void require_layers(std::size_t layers) const {
    if (profile_ && profile_->layers() > layers)
      fail(file_, "layers", detail::concat("at most ", layers, ", as the model has"),
           detail::concat(profile_->layers()));
  }

  /// The experts of a layer that has `count`, of which a token takes `per_token`, in ascending order. Throws if the range goes
  /// beyond them, or the profile does not know that layer.
  std::vector<std::uint32_t> of(std::uint32_t layer, std::size_t count, std::size_t per_token) const {
    std::vector<std::uint32_t> out;
    if (!profile_) {
      range_.require_below(count, "experts");
      for (std::uint32_t expert = 0; expert < count; ++expert)
        if (range_.contains(expert)) out.push_back(expert);
      return out;
    }
    require(*profile_, layer, count);
    out = profile_->most_used(layer, most_);
    const std::size_t least = enough_for_a_token_ ? (std::min)(per_token, count) : 0;
    out.resize((std::min)(out.size(), (std::max)(covering(*profile_, layer, out), least)));
    fill(out, least);
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  void require(const UsageProfile& profile, std::uint32_t layer, std::size_t count) const {
    if (layer >= profile.layers() || profile.experts() != count || profile.count(std::size_t{layer}) == 0)
      fail(file_, detail::concat("layer ", layer),
           detail::concat("what its router chose of ", count, " experts"),
           layer < profile.layers() && profile.experts() == count
               ? "no choices"
               : detail::concat(profile.layers(), " layers of ", profile.experts(), " experts"));
  }

  /// How many of the experts, which stand in the order of their use, got the share.
  std::size_t covering(const UsageProfile& profile, std::uint32_t layer,
                       const std::vector<std::uint32_t>& order) const {
    // Less by what rounding may have added.
    const double wanted = share_ * static_cast<double>(profile.count(std::size_t{layer})) * (1 - 1e-12);
    std::size_t used = 0;
    for (std::uint64_t sum = 0; used < order.size() && static_cast<double>(sum) < wanted; ++used)
      sum += profile.count({layer, order[used]});
    return used;
  }

  /// A router must find as many experts as it chooses: the first ones of those that nobody used.
  static void fill(std::vector<std::uint32_t>& experts, std::size_t least) {
    for (std::uint32_t expert = 0; experts.size() < least; ++expert)
      if (std::find(experts.begin(), experts.end(), expert) == experts.end()) experts.push_back(expert);
  }

  IndexRange range_;
  std::string file_;
  std::optional<UsageProfile> profile_;  // without one the range counts
  std::size_t most_ = SIZE_MAX;
  double share_ = 1;
  bool enough_for_a_token_ = false;
};

}  // namespace moe
