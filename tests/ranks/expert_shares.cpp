// SPDX-License-Identifier: MIT
#include "detail/ranks/expert_shares.hpp"
#include "detail/experts/usage_profile.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/spec/model_spec.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

moe::ModelSpec shared_model() { return moe::ModelSpec(moe::Checkpoint(bundled_model())); }

/// For each rank: the number of experts of one layer that the rank owns, and the sum of the use counts of these experts.
struct Owned {
  std::vector<std::size_t> experts;
  std::vector<std::uint64_t> counts;
};

Owned owned(const moe::ExpertShares& shares, std::uint32_t layer, const moe::UsageProfile& usage) {
  Owned out{std::vector<std::size_t>(shares.ranks()), std::vector<std::uint64_t>(shares.ranks())};
  for (std::uint32_t expert = 0; expert < shares.experts(layer); ++expert) {
    ++out.experts[shares.owner({layer, expert})];
    out.counts[shares.owner({layer, expert})] += usage.count({layer, expert});
  }
  return out;
}

}  // namespace

TEST_CASE("expert shares: equal shares differ by at most one expert of a layer, and cover all experts") {
  const moe::ModelSpec spec = shared_model();
  const moe::UsageProfile unused(spec.layers.size(), spec.experts());
  for (const std::size_t ranks : {1u, 2u, 3u, 7u}) {
    const moe::ExpertShares shares(spec, ranks);
    std::size_t all = 0, sum = 0;
    for (std::uint32_t layer = 0; layer < spec.layers.size(); ++layer) {
      const std::vector<std::size_t> experts = owned(shares, layer, unused).experts;
      CHECK(*std::max_element(experts.begin(), experts.end()) <=
            *std::min_element(experts.begin(), experts.end()) + 1);
      all += shares.experts(layer);
    }
    for (std::size_t rank = 0; rank < ranks; ++rank) sum += shares.experts_of(rank);
    CHECK(sum == all);
  }
}

TEST_CASE(
    "expert shares: a usage profile balances the uses, and no rank owns more experts than an equal share") {
  const moe::ModelSpec spec = shared_model();
  moe::UsageProfile usage(spec.layers.size(), spec.experts());
  for (std::uint32_t expert = 0; expert < spec.experts(); ++expert)
    usage.add({1, expert}, 1000 / (expert + 1), 1.0);
  const moe::ExpertShares shares(spec, 3, usage), equal(spec, 3);
  const Owned balanced = owned(shares, 1, usage), round_robin = owned(equal, 1, usage);
  const auto most = [](const auto& numbers) { return *std::max_element(numbers.begin(), numbers.end()); };
  CHECK(most(balanced.counts) < most(round_robin.counts));
  CHECK(most(balanced.experts) <= (spec.experts() + 2) / 3);
  CHECK(shares.checksum() != equal.checksum());
  CHECK(shares.checksum() == moe::ExpertShares(spec, 3, usage).checksum());
}

TEST_CASE("expert shares: a number of 0 ranks and a profile of another model are refused") {
  const moe::ModelSpec spec = shared_model();
  check_error([&] { return moe::ExpertShares(spec, 0).ranks(); }, {"expert shares: ranks", "found 0"});
  check_error([&] { return moe::ExpertShares(spec, 2, moe::UsageProfile(1, 2)).ranks(); },
              {"expert shares: usage profile", "of layers and experts, found [1, 2]"});
}
