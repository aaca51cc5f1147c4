// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

namespace moe::inline MOE_ABI::detail {

/// The time of a monotonic clock in seconds, from an unspecified beginning.
double monotonic_seconds();

/// The time since construction, measured with a monotonic clock.
class Stopwatch {
 public:
  double seconds() const { return monotonic_seconds() - start_; }

 private:
  double start_ = monotonic_seconds();
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "stopwatch.ipp"
#endif
