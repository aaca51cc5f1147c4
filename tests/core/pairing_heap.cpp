// SPDX-License-Identifier: MIT
#include "detail/core/pairing_heap.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <set>
#include <utility>

using moe::detail::PairingHeaps;

TEST_CASE(
    "pairing heaps: the top is the lowest number after any sequence of insertions, removals and merges") {
  constexpr std::uint32_t numbers = 300;
  std::mt19937 engine(1);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  PairingHeaps heaps;
  heaps.resize(numbers);
  PairingHeaps::Top tops[2] = {PairingHeaps::none, PairingHeaps::none};
  std::set<std::pair<double, std::uint32_t>> expected[2];
  int where[numbers];
  for (int& heap : where) heap = -1;

  for (int step = 0; step < 20'000; ++step) {
    const std::uint32_t number = random() % numbers;
    if (where[number] >= 0) {
      expected[where[number]].erase({heaps.key(number), number});
      heaps.erase(tops[where[number]], number);
      where[number] = -1;
    } else {
      where[number] = static_cast<int>(random() % 2);
      const double key = random() % 50;  // many are equal
      heaps.insert(tops[where[number]], number, key, number);
      expected[where[number]].insert({key, number});
    }
    if (step % 500 == 499) {
      heaps.meld(tops[0], tops[1]);
      expected[0].merge(expected[1]);
      for (int& heap : where) heap = heap >= 0 ? 0 : -1;
      REQUIRE(tops[1] == PairingHeaps::none);
    }
    for (int heap = 0; heap < 2; ++heap)
      REQUIRE(tops[heap] == (expected[heap].empty() ? PairingHeaps::none : expected[heap].begin()->second));
  }
}
