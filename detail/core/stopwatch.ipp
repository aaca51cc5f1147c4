// SPDX-License-Identifier: MIT
#pragma once
#include "stopwatch.hpp"

#include <chrono>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace moe::inline MOE_ABI::detail
