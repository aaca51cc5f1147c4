// SPDX-License-Identifier: MIT
#include "detail/experts/expert.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <span>
#include <vector>

namespace {

using Ids = std::vector<moe::ExpertId>;

Ids of(const moe::AllowedExperts& allowed, std::size_t layer) {
  const std::span<const moe::ExpertId> ids = allowed.of(layer);
  return {ids.begin(), ids.end()};
}

}  // namespace

TEST_CASE("allowed experts: no layer is restricted at first") {
  const moe::AllowedExperts allowed;
  CHECK(allowed.all());
  CHECK(allowed.of(0).empty());
  CHECK(allowed.ids().empty());
}

TEST_CASE("allowed experts: the experts of a layer are sorted and without duplicates") {
  moe::AllowedExperts allowed;
  allowed.allow_only(7, std::vector<std::uint32_t>{5, 1, 900, 5});
  allowed.allow_only(2, std::vector<std::uint32_t>{3});
  CHECK_FALSE(allowed.all());
  CHECK(of(allowed, 7) == Ids{{7, 1}, {7, 5}, {7, 900}});
  CHECK(of(allowed, 2) == Ids{{2, 3}});
  CHECK(of(allowed, 0).empty());
  CHECK(of(allowed, 8).empty());
  CHECK(allowed.ids().size() == 4);
}

TEST_CASE("allowed experts: a later restriction of a layer replaces the earlier one") {
  moe::AllowedExperts allowed;
  allowed.allow_only(1, std::vector<std::uint32_t>{1, 2});
  allowed.allow_only(0, std::vector<std::uint32_t>{4});
  allowed.allow_only(1, std::vector<std::uint32_t>{3});
  CHECK(of(allowed, 1) == Ids{{1, 3}});
  CHECK(of(allowed, 0) == Ids{{0, 4}});
}

TEST_CASE("allowed experts: a restriction to no experts is refused") {
  moe::AllowedExperts allowed;
  check_error([&] { allowed.allow_only(3, {}); }, {"layer 3", "at least one", "none"});
  CHECK(allowed.all());
}
