// SPDX-License-Identifier: MIT
#include "detail/model/arena.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>

using moe::detail::Arena;

TEST_CASE("arena: a frame gives back the arrays that were taken since it began") {
  Arena arena(4096);
  const auto first = arena.take<float>(10);
  float* inner = nullptr;
  {
    const Arena::Frame frame(arena);
    inner = arena.take<float>(100).data();
    CHECK(inner >= first.data() + 10);
  }
  CHECK(arena.take<float>(5).data() == inner);
}

TEST_CASE("arena: arrays begin at cache lines") {
  Arena arena(4096);
  for (const std::size_t n : {1u, 3u, 17u})
    CHECK(reinterpret_cast<std::uintptr_t>(arena.take<char>(n).data()) % 64 == 0);
}

TEST_CASE("arena: an arena without memory counts what an arena with memory needs") {
  const auto use = [](Arena& arena) {
    (void)arena.take<float>(100);
    for (const std::size_t n : {10u, 1000u, 1u}) {
      const Arena::Frame frame(arena);
      (void)arena.take<double>(n);
    }
  };
  Arena counting;
  use(counting);
  Arena real(counting.peak_bytes());
  use(real);
  CHECK(real.peak_bytes() == counting.peak_bytes());
  CHECK(counting.peak_bytes() >= 100 * sizeof(float) + 1000 * sizeof(double));
}

TEST_CASE("arena: an array that no object can hold is refused") {
  Arena counting;
  for (const std::size_t n : {SIZE_MAX, SIZE_MAX / 4, SIZE_MAX / 8})
    check_error([&] { return counting.take<double>(n).size(); }, {"sequence: intermediate results", "bytes"});
}
