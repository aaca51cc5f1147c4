// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"
#include "half.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace moe::inline MOE_ABI::detail {

/// The value of type T that is stored at `at`, which need not be aligned.
template <class T>
T load_as(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline float load_f16(const std::byte* at) { return f16_to_float(load_as<std::uint16_t>(at)); }

}  // namespace moe::inline MOE_ABI::detail
