// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <thread>

/// Whether a condition becomes true within 20 seconds. A count of sleeps would not limit the time: with MinGW, a sleep may take
/// no time.
template <class Condition>
bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}
