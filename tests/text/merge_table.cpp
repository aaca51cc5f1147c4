#include "detail/core/token.hpp"
#include "detail/text/merge_table.hpp"

#include <doctest/doctest.h>

using moe::TokenId;
using moe::detail::Merge;
using moe::detail::MergeTable;

TEST_CASE("merge table: ranks are the order of adding") {
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

TEST_CASE("merge table: of two merges of a pair the later one counts") {
  MergeTable merges;
  merges.add(1, 2, 3);
  merges.add(4, 5, 6);
  merges.add(1, 2, 3);
  CHECK(merges.find(1, 2).rank == 2);
  merges.add(7, 8, 9);
  CHECK(merges.find(7, 8).rank == 3);
}

TEST_CASE("merge table: it grows beyond what was announced") {
  MergeTable merges(3);
  for (TokenId i = 0; i < 1000; ++i) merges.add(i, i * i, i + 1);
  for (TokenId i = 0; i < 1000; ++i) REQUIRE(merges.find(i, i * i).rank == i);
}
