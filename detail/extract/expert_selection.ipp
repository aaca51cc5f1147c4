// SPDX-License-Identifier: MIT
#pragma once
#include "expert_selection.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE void IndexRange::require_below(std::size_t count, std::string_view place) const {
  const bool unbounded = last == UINT32_MAX;
  if (first > last || first >= count || (!unbounded && last >= count))
    detail::fail("extraction", place, detail::concat("a range of numbers below ", count),
                 detail::concat(first, " to ", unbounded ? "the last" : detail::concat(last)));
}

MOE_INLINE ExpertSelection ExpertSelection::range(IndexRange experts) {
  ExpertSelection out;
  out.range_ = experts;
  return out;
}

MOE_INLINE ExpertSelection ExpertSelection::most_used(UsageProfile profile, std::size_t most,
                                                      std::string file) {
  ExpertSelection out;
  out.file_ = std::move(file);
  out.most_ = most;
  out.profile_ = std::move(profile);
  return out;
}

MOE_INLINE ExpertSelection ExpertSelection::covering(UsageProfile profile, double share, std::string file) {
  if (!(share > 0 && share <= 1))
    detail::fail(file, "coverage", "a share above 0 and at most 1", detail::concat(share));
  ExpertSelection out = most_used(std::move(profile), SIZE_MAX, std::move(file));
  out.share_ = share;
  out.enough_for_a_token_ = true;
  return out;
}

MOE_INLINE void ExpertSelection::require_layers(std::size_t layers) const {
  if (profile_ && profile_->layers() > layers)
    detail::fail(file_, "layers", detail::concat("at most ", layers, ", the layers of the model"),
                 detail::concat(profile_->layers()));
}

MOE_INLINE void ExpertSelection::require_profile_of(std::uint32_t layer, std::size_t count) const {
  const std::string place = detail::concat("layer ", layer);
  const std::string expected = detail::concat("the counts of ", count, " experts");
  if (layer >= profile_->layers() || profile_->experts() < count)
    detail::fail(file_, place, expected,
                 detail::concat(profile_->layers(), " layers of ", profile_->experts(), " experts"));
  // For each layer, a profile has the number of experts of the largest layer.
  for (auto expert = static_cast<std::uint32_t>(count); expert < profile_->experts(); ++expert)
    if (profile_->count({layer, expert}) != 0)
      detail::fail(file_, place, expected, detail::concat("a count of expert ", expert));
  if (profile_->count(std::size_t{layer}) == 0) detail::fail(file_, place, expected, "only zeros");
}

/// How many experts of `order`, the most used first, are needed for the share.
MOE_INLINE std::size_t ExpertSelection::count_for_share(std::uint32_t layer,
                                                        const std::vector<std::uint32_t>& order) const {
  // The last factor compensates for the rounding of the product.
  const double wanted = share_ * static_cast<double>(profile_->count(std::size_t{layer})) * (1 - 1e-12);
  std::size_t used = 0;
  for (std::uint64_t sum = 0; used < order.size() && static_cast<double>(sum) < wanted; ++used)
    sum += profile_->count({layer, order[used]});
  return used;
}

MOE_INLINE std::vector<std::uint32_t> ExpertSelection::of(std::uint32_t layer, std::size_t count,
                                                          std::size_t per_token) const {
  std::vector<std::uint32_t> out;
  if (!profile_) {
    range_.require_below(count, "experts");
    for (std::uint32_t expert = 0; expert < count; ++expert)
      if (range_.contains(expert)) out.push_back(expert);
    return out;
  }
  require_profile_of(layer, count);
  out = profile_->most_used(layer, most_);
  const std::size_t least = enough_for_a_token_ ? (std::min)(per_token, count) : 0;
  out.resize((std::min)(out.size(), (std::max)(count_for_share(layer, out), least)));
  // If fewer experts were used than a token takes, the first of the unused experts fill the gap.
  for (std::uint32_t expert = 0; out.size() < least; ++expert)
    if (std::find(out.begin(), out.end(), expert) == out.end()) out.push_back(expert);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace moe::inline MOE_ABI
