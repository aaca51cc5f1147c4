// SPDX-License-Identifier: MIT
// A program of two units that are compiled for different CPUs: both generate the same tokens, each with a model of its own and
// with a session that they share.
#include "generate.hpp"

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 77;  // skipped
  const char* wanted = std::getenv("MOE_ISA");
  using moe::detail::simd::active_isa;
  if (wanted && name(active_isa()) != wanted) return 77;

  const Tokens expected{297, 262, 1675, 65, 2007, 297, 1502, 307};
  const auto model = moe::open(argv[1], {.threads = 1});
  moe::Session session(model);
  const Tokens found[] = {generate_generic(argv[1]), generate_avx2(argv[1]), generate_generic(session),
                          generate_avx2(session)};
  for (const Tokens& tokens : found)
    if (tokens != expected) {
      std::cerr << "case " << &tokens - found << ":";
      for (const moe::TokenId token : tokens) std::cerr << ' ' << token;
      std::cerr << '\n';
      return 1;
    }
  return 0;
} catch (const moe::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
