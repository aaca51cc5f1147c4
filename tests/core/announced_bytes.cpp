// SPDX-License-Identifier: MIT
#include "detail/core/announced_bytes.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

using moe::detail::AnnouncedBytes;

namespace {

/// The number of bytes that next() returns to a worker until none is left. Requires that they lie in order from `begin` on.
std::size_t prefetched(AnnouncedBytes& announced, std::size_t worker, const std::byte* begin) {
  std::size_t bytes = 0;
  while (const std::byte* at = announced.next(worker)) {
    REQUIRE(at == begin + bytes);
    bytes += AnnouncedBytes::step_bytes;
  }
  return bytes;
}

}  // namespace

TEST_CASE("announced bytes: each worker prefetches its share once for each announcement") {
  const std::vector<std::byte> memory(3 * 4096);
  AnnouncedBytes announced(3);
  for (int repeat = 0; repeat < 2; ++repeat) {
    announced.set(memory.data(), memory.size());
    for (std::size_t worker = 0; worker < 3; ++worker) {
      CHECK(prefetched(announced, worker, memory.data() + 4096 * worker) == 4096);
      CHECK(announced.next(worker) == nullptr);
    }
  }
  announced.set(memory.data(), memory.size());
  announced.set(nullptr, 0);
  CHECK(announced.next(1) == nullptr);
}

TEST_CASE("announced bytes: of a large share only the part that a cache holds is prefetched") {
  const std::vector<std::byte> memory(4 * AnnouncedBytes::most_bytes);
  AnnouncedBytes announced(2);
  announced.set(memory.data(), memory.size());
  CHECK(prefetched(announced, 1, memory.data() + memory.size() / 2) == AnnouncedBytes::most_bytes);
}
