// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::literals {

// Sizes in bytes: 8_GiB is 8 · 2^30. Needs `using namespace moe::literals`.

constexpr std::size_t operator""_KiB(unsigned long long n) { return static_cast<std::size_t>(n << 10); }
constexpr std::size_t operator""_MiB(unsigned long long n) { return static_cast<std::size_t>(n << 20); }
constexpr std::size_t operator""_GiB(unsigned long long n) { return static_cast<std::size_t>(n << 30); }

}  // namespace moe::inline MOE_ABI::literals
