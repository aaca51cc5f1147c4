#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <time.h>
#else
#include <chrono>
#endif

namespace moe {

/// Measures time since it was made.
class Stopwatch {
 public:
  double seconds() const { return now() - start_; }

 private:
  /// Of a clock that nobody sets. std::chrono would bring calendars and time zones, which take compilers as long as this
  /// whole library's lowest storey.
  static double now() {
#if defined(__unix__) || defined(__APPLE__)
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
#else
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
  }

  double start_ = now();
};

}  // namespace moe
