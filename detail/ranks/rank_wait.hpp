// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace moe::inline MOE_ABI::detail {

/// The pauses between the polls of a transport: only yields at first, since most answers take microseconds, then longer and
/// longer sleeps, since ranks without work must not take the processor from others.
class RankWait {
 public:
  void pause() {
    if (++polls_ <= 200) return std::this_thread::yield();
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(2 * pause_, std::chrono::microseconds(500));
  }

 private:
  int polls_ = 0;
  std::chrono::microseconds pause_{10};
};

}  // namespace moe::inline MOE_ABI::detail
