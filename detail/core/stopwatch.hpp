#pragma once
// std::chrono::steady_clock comes with <thread>, whose functions take its times. <chrono> would bring calendars, time zones
// and iostreams as well, which take compilers as long as this whole library's lowest storey.
#include <thread>

namespace moe {

/// Measures time since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace moe
