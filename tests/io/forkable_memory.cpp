// SPDX-License-Identifier: MIT
#include "detail/io/forkable_memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using moe::detail::ForkableMemory;

constexpr std::size_t forkable_bytes = std::size_t{1} << 20;

bool all_are(const ForkableMemory& memory, int value) {
  return std::all_of(memory.data(), memory.data() + memory.bytes(),
                     [&](std::byte b) { return b == static_cast<std::byte>(value); });
}

void fill(ForkableMemory& memory, int value) { std::memset(memory.data(), value, memory.bytes()); }

bool freeze_all(ForkableMemory& memory) {
  const ForkableMemory::Range all{0, memory.bytes()};
  return memory.freeze({&all, 1});
}

#if defined(__linux__)
/// The memory of this process in KiB, where a page that n mappings share counts 1/n for each.
std::size_t proportional_kib() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;)
    if (word == "Pss:") {
      std::size_t out = 0;
      file >> out;
      return out;
    }
  return 0;
}
#endif

}  // namespace

TEST_CASE("forkable memory: without freeze() a fork is zeroed") {
  ForkableMemory memory(1000);
  CHECK(all_are(memory, 0));
  fill(memory, 1);
  CHECK_FALSE(memory.frozen());
  CHECK(memory.fork().bytes() == 1000);
  CHECK(all_are(memory.fork(), 0));
}

TEST_CASE("forkable memory: freeze() keeps the bytes of the ranges, and all other bytes become zero") {
  ForkableMemory memory(forkable_bytes);
  fill(memory, 7);
  const std::vector<ForkableMemory::Range> ranges{{10, 5000}, {20'000, 1}};
  const bool frozen = memory.freeze(ranges);
  CHECK(memory.frozen() == frozen);
  for (std::size_t i = 0; i < forkable_bytes; ++i) {
    const bool kept = !frozen || (i >= 10 && i < 5010) || i == 20'000;
    if ((memory.data()[i] == std::byte{7}) != kept) FAIL("byte ", i);
  }
}

TEST_CASE("forkable memory: a write shows in no other fork") {
  ForkableMemory first(forkable_bytes);
  fill(first, 1);
  if (!freeze_all(first)) return;  // a system whose forks share nothing
  ForkableMemory second = first.fork(), third = second.fork();
  fill(first, 2);
  fill(second, 3);
  CHECK(all_are(first, 2));
  CHECK(all_are(second, 3));
  CHECK(all_are(third, 1));
  CHECK(all_are(first.fork(), 1));  // as it was frozen
}

TEST_CASE("forkable memory: memory can be frozen again, and older forks stay as they are") {
  ForkableMemory memory(forkable_bytes);
  fill(memory, 1);
  if (!freeze_all(memory)) return;
  const ForkableMemory older = memory.fork();
  fill(memory, 2);
  REQUIRE(freeze_all(memory));
  CHECK(all_are(memory, 2));
  CHECK(all_are(memory.fork(), 2));
  CHECK(all_are(older, 1));
}

TEST_CASE("forkable memory: a fork lives longer than the memory of which it is a fork") {
  ForkableMemory memory(forkable_bytes);
  fill(memory, 1);
  freeze_all(memory);
  const bool frozen = memory.frozen();
  const ForkableMemory fork = memory.fork();
  memory = ForkableMemory();
  CHECK(all_are(fork, frozen ? 1 : 0));
}

#if defined(__linux__)
TEST_CASE("forkable memory: forks take no memory until they write") {
  constexpr std::size_t kib = 32 << 10;
  ForkableMemory memory(kib << 10);
  fill(memory, 1);
  REQUIRE(freeze_all(memory));
  const std::size_t before = proportional_kib();
  std::vector<ForkableMemory> forks;
  for (int i = 0; i < 4; ++i) CHECK(all_are(forks.emplace_back(memory.fork()), 1));
  CHECK(proportional_kib() < before + 2 * kib);  // memory itself may have been untouched since freeze()
}
#endif
