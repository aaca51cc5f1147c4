// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::literals {

// Sizes in bytes: 8_GiB is 8 · 2^30. Needs `using namespace moe::literals`. Precondition: the size fits into std::size_t, which
// 4_GiB does not on 32-bit systems.

constexpr std::size_t operator""_KiB(unsigned long long n) {
  MOE_ASSERT(n <= SIZE_MAX >> 10);
  return static_cast<std::size_t>(n << 10);
}
constexpr std::size_t operator""_MiB(unsigned long long n) {
  MOE_ASSERT(n <= SIZE_MAX >> 20);
  return static_cast<std::size_t>(n << 20);
}
constexpr std::size_t operator""_GiB(unsigned long long n) {
  MOE_ASSERT(n <= SIZE_MAX >> 30);
  return static_cast<std::size_t>(n << 30);
}

}  // namespace moe::inline MOE_ABI::literals
