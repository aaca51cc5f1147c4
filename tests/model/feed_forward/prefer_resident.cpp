// SPDX-License-Identifier: MIT
#include "detail/experts/expert.hpp"
#include "detail/model/feed_forward/prefer_resident.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <set>
#include <vector>

namespace {

struct ResidentSet {
  std::set<moe::ExpertId> ids;
  bool contains(moe::ExpertId id) const { return ids.contains(id); }
};

}  // namespace

TEST_CASE(
    "prefer resident: scores of resident experts of the layer rise by the margin, and no others change") {
  const ResidentSet resident{{{2, 0}, {2, 3}, {1, 1}}};
  moe::PreferResident prefer(resident, 0.5f, 2);
  std::vector<float> scores{1, 2, 3, 4};
  prefer(2, scores);
  CHECK(scores == std::vector<float>{1.5f, 2, 3, 4.5f});
}

TEST_CASE(
    "prefer resident: a resident expert replaces a missing one within the margin, and the weight is "
    "counted") {
  const ResidentSet resident{{{0, 2}}};
  moe::PreferResident prefer(resident, 0.5f, 2);
  std::vector<float> within{3, 2, 1.75f, 0}, beyond{3, 2, 1.25f, 0};
  prefer(0, beyond);
  CHECK(prefer.statistics().replaced == 0);
  CHECK(prefer.statistics().replaced_weight == 0);
  prefer(0, within);
  const moe::PreferenceStatistics counts = prefer.statistics();
  CHECK(counts.choices == 2);
  CHECK(counts.replaced == 1);
  const double lost = std::exp(2.0) / (std::exp(3.0) + std::exp(2.0));
  CHECK(counts.replaced_weight == doctest::Approx(lost));
  CHECK(counts.replaced_share() == doctest::Approx(lost / 2));
}

TEST_CASE("prefer resident: a margin of 0 changes no score and counts no replacement") {
  const ResidentSet resident{{{0, 2}}};
  moe::PreferResident prefer(resident, 0, 2);
  std::vector<float> scores{3, 2, 2, 0};
  prefer(0, scores);
  CHECK(scores == std::vector<float>{3, 2, 2, 0});
  CHECK(prefer.statistics().replaced_share() == 0);
}
