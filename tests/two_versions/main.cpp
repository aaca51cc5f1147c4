// SPDX-License-Identifier: MIT
// Without separate namespaces the linker would keep one copy of each inline function, and both versions would compute with
// the same kernels.
#include "version.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  const Version first = first_version(argv[1]);
  const Version second = second_version(argv[1]);
  std::printf("first: %s,%s\nsecond: %s,%s\n", first.instruction_set.c_str(), first.text.c_str(),
              second.instruction_set.c_str(), second.text.c_str());
  if (first.instruction_set != "scalar" || first.text.empty() || second.text.empty()) return 1;
#if defined(__GNUC__) && defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && second.instruction_set == "scalar") return 1;
#endif
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
