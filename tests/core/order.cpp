#include "detail/core/order.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

TEST_CASE("order: any number of items is sorted, and equals keep their order") {
  std::mt19937 random(1);
  for (std::size_t count = 0; count < 70; ++count) {
    std::vector<std::pair<int, std::size_t>> items, expected;
    for (std::size_t i = 0; i < count; ++i) items.emplace_back(static_cast<int>(random() % 10), i);
    expected = items;
    std::sort(expected.begin(), expected.end());
    moe::detail::sort_by(items, [](const auto& a, const auto& b) { return a.first < b.first; });
    CHECK(items == expected);
  }
}

TEST_CASE("order: the index of a partition is that of the first item behind it") {
  for (std::size_t count = 0; count < 20; ++count) {
    for (std::size_t end = 0; end <= count; ++end)
      CHECK(moe::detail::partition_index(count, [&](std::size_t i) { return i < end; }) == end);
  }
}
