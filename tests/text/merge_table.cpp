// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/text/merge_table.hpp"
#include "support/unmix.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using moe::TokenId;
using moe::detail::Merge;
using moe::detail::MergeTable;

TEST_CASE("merge table: ranks follow the order of adding") {
  MergeTable merges;
  merges.add(1, 2, 3);
  merges.add(2, 1, 4);
  CHECK(merges.find(1, 2).rank == 0);
  CHECK(merges.find(1, 2).result == 3);
  CHECK(merges.find(2, 1).rank == 1);
  CHECK(merges.find(2, 1).result == 4);
}

TEST_CASE("merge table: pairs that were not added never merge") {
  MergeTable merges;
  CHECK(merges.find(0, 0).rank == Merge::never);
  merges.add(1, 2, 3);
  CHECK(merges.find(1, 1).rank == Merge::never);
}

TEST_CASE("merge table: a pair that is added again gets the later rank") {
  MergeTable merges;
  merges.add(1, 2, 3);
  merges.add(4, 5, 6);
  merges.add(1, 2, 3);
  CHECK(merges.find(1, 2).rank == 2);
  merges.add(7, 8, 9);
  CHECK(merges.find(7, 8).rank == 3);
}

TEST_CASE("merge table: more merges than expected can be added") {
  MergeTable merges(3);
  for (TokenId i = 0; i < 1000; ++i) merges.add(i, i * i, i + 1);
  for (TokenId i = 0; i < 1000; ++i) REQUIRE(merges.find(i, i * i).rank == i);
}

TEST_CASE(
    "merge table: pairs chosen to collide without the secret factors of the hash are added in linear time") {
  // Pairs whose keyless hashes end in 20 zero bits. With such a hash this would be 8e10 comparisons.
  const Watchdog watchdog(std::chrono::seconds(60));
  MergeTable merges;
  for (std::uint64_t i = 0; i < 400'000; ++i) {
    const std::uint64_t pair = unmix(i << 20);
    merges.add(static_cast<TokenId>(pair >> 32), static_cast<TokenId>(pair), 0);
  }
  const std::uint64_t last = unmix(std::uint64_t{399'999} << 20);
  CHECK(merges.find(static_cast<TokenId>(last >> 32), static_cast<TokenId>(last)).rank == 399'999);
}

TEST_CASE("merge table: pairs in arithmetic progression are added in linear time") {
  const Watchdog watchdog(std::chrono::seconds(60));
  for (const TokenId step : {1u, 256u, 65536u}) {
    MergeTable merges;
    for (TokenId i = 0; i < 60'000; ++i) merges.add(i * step, 0, i);
    for (TokenId i = 0; i < 60'000; ++i) REQUIRE(merges.find(i * step, 0).rank == i);
  }
}
