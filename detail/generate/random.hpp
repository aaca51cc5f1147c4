// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstdint>

namespace moe::inline MOE_ABI {

/// Pseudo-random numbers, equal on every machine. SplitMix64: Steele, Lea & Flood 2014.
class Random {
 public:
  /// Equal seeds give equal numbers.
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// The next number, uniform over all 64-bit numbers.
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

  /// From 0 to below 1, in steps of 2^-53.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace moe::inline MOE_ABI
