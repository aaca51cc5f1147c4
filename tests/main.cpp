// SPDX-License-Identifier: MIT
// Runs the tests with the instruction set that MOE_ISA names. Ends with 77, which means skipped, if this machine lacks it,
// or if --needs-data is given and MOE_TEST_DATA does not name a folder with the data that is too large to come along.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "detail/simd/isa.hpp"
#include "support/checkpoints.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

const char* const source_directory = MOE_SOURCE_DIR;

int main(int argc, char** argv) {
  const char* wanted = std::getenv("MOE_ISA");
  const auto isa = wanted ? moe::detail::simd::isa_of(wanted) : moe::detail::simd::active_isa();
  if (!isa || !moe::detail::simd::available(*isa)) {
    std::printf("skipped: this machine lacks %s\n", wanted);
    return 77;
  }
  const bool needs_data = std::find(argv, argv + argc, std::string_view("--needs-data")) != argv + argc;
  if (needs_data && !std::getenv("MOE_TEST_DATA")) {
    std::printf("skipped: MOE_TEST_DATA is not set\n");
    return 77;
  }
  std::printf("instruction set: %s\n", moe::detail::simd::name(*isa).data());
  return doctest::Context(argc, argv).run();
}
