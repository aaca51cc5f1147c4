// SPDX-License-Identifier: MIT
#include "detail/experts/usage_profile.hpp"
#include "detail/extract/expert_selection.hpp"
#include "detail/extract/extraction.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

namespace {

using Experts = std::vector<std::uint32_t>;

/// A profile of one layer, with the given counts of its experts.
moe::UsageProfile profile(const std::vector<std::uint64_t>& counts) {
  moe::UsageProfile out(1, counts.size());
  for (std::uint32_t expert = 0; expert < counts.size(); ++expert) out.add({0, expert}, counts[expert], 0);
  return out;
}

Experts covering(double share, std::size_t per_token = 1) {
  return moe::ExpertSelection::covering(profile({5, 40, 0, 30, 20, 5}), share, "x.json").of(0, 6, per_token);
}

}  // namespace

TEST_CASE("expert selection: a range selects its experts, and an error says if it exceeds the layer") {
  CHECK(moe::ExpertSelection().of(0, 4, 1) == Experts{0, 1, 2, 3});
  CHECK(moe::ExpertSelection::range({1, 2}).of(0, 4, 1) == Experts{1, 2});
  CHECK(moe::ExpertSelection::range({2}).of(0, 4, 1) == Experts{2, 3});
  check_error([] { moe::ExpertSelection::range({1, 4}).of(0, 4, 1); }, {"experts", "below 4", "1 to 4"});
  check_error([] { moe::ExpertSelection::range({4}).of(0, 4, 1); }, {"4 to the last"});
}

TEST_CASE("expert selection: the N most used experts are selected, but no unused experts") {
  const auto most_used = [](std::size_t most) {
    return moe::ExpertSelection::most_used(profile({5, 40, 0, 30, 20, 5}), most, "x.json").of(0, 6, 4);
  };
  CHECK(most_used(2) == Experts{1, 3});
  CHECK(most_used(4) == Experts{0, 1, 3, 4});
  CHECK(most_used(6) == Experts{0, 1, 3, 4, 5});
}

TEST_CASE("expert selection: the fewest experts that reach a share are selected, but enough for one token") {
  CHECK(covering(0.4) == Experts{1});
  CHECK(covering(0.41) == Experts{1, 3});
  CHECK(covering(0.9) == Experts{1, 3, 4});
  CHECK(covering(0.95) == Experts{0, 1, 3, 4});
  CHECK(covering(1) == Experts{0, 1, 3, 4, 5});
  CHECK(covering(0.4, 3) == Experts{1, 3, 4});
  CHECK(covering(0.4, 9).size() == 6);
  check_error([] { covering(0); }, {"x.json: coverage"});
  check_error([] { covering(1.5); }, {"at most 1", "1.5"});
}

TEST_CASE("expert selection: a profile of more layers than the model has is refused") {
  const auto selection = moe::ExpertSelection::most_used(moe::UsageProfile(3, 6), 2, "x.json");
  CHECK_NOTHROW(selection.require_layers(3));
  check_error([&] { selection.require_layers(2); }, {"x.json: layers", "at most 2", "3"});
}

TEST_CASE(
    "expert selection: a profile with another number of experts or layers, or with zeros only, is refused") {
  const auto of = [](std::uint32_t layer, std::size_t count, moe::UsageProfile counts) {
    return message_of([&] { moe::ExpertSelection::most_used(counts, 2, "x.json").of(layer, count, 1); });
  };
  CHECK(of(0, 3, profile({1, 2})).find("x.json: layer 0: expected the counts of 3 experts") == 0);
  CHECK(of(1, 2, profile({1, 2})).find("found 1 layers of 2 experts") != std::string::npos);
  CHECK(of(0, 2, profile({0, 0})).find("only zeros") != std::string::npos);
}
