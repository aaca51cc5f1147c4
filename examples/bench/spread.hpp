// SPDX-License-Identifier: MIT
// Minimum, median and maximum of several measurements.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

/// The minimum, the median and the maximum of some numbers; zeros without numbers.
struct Spread {
  Spread() = default;
  explicit Spread(std::vector<double> numbers) {
    if (numbers.empty()) return;
    std::sort(numbers.begin(), numbers.end());
    const std::size_t middle = numbers.size() / 2;
    least = numbers.front();
    median = numbers.size() % 2 != 0 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
    most = numbers.back();
  }

  double least = 0, median = 0, most = 0;
};
