#pragma once
#include "config.hpp"

#include <chrono>

namespace moe::inline MOE_ABI::detail {

/// Measures the time since it was constructed, by a clock that is never set.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point start_ = Clock::now();
};

}  // namespace moe::inline MOE_ABI::detail
