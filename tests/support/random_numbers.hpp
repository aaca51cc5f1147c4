// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

/// Normally distributed numbers with mean 0 and standard deviation `scale`, the same on every run.
inline std::vector<float> random_numbers(std::size_t count, std::uint32_t seed, float scale = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> out(count);
  for (float& value : out) value = normal(generator);
  return out;
}
