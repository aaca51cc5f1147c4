// SPDX-License-Identifier: MIT
#include "detail/io/machine_memory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

#if defined(__linux__)
TEST_CASE("machine memory: on Linux some memory is available, and at most the memory of the machine") {
  std::ifstream file("/proc/meminfo");
  std::uint64_t total_kib = 0;
  for (std::string word; file >> word;)
    if (word == "MemTotal:") file >> total_kib;
  const std::optional<std::uint64_t> available = moe::detail::available_memory_bytes();
  REQUIRE(available);
  CHECK(*available > 0);
  CHECK(*available <= total_kib * 1024);
}
#endif
