// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <chrono>

namespace moe::inline MOE_ABI::detail {

/// The time since construction, measured with a monotonic clock.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point start_ = Clock::now();
};

}  // namespace moe::inline MOE_ABI::detail
