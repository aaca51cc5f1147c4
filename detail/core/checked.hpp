#pragma once
#include "config.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace moe::inline MOE_ABI::detail {

// Arithmetic on numbers that a file states: nothing on overflow.

inline std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  if (a > std::numeric_limits<std::uint64_t>::max() - b) return {};
  return a + b;
}

inline std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  if (b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b) return {};
  return a * b;
}

/// The product of all numbers of a range; 1 if it is empty.
template <class Range>
std::optional<std::uint64_t> checked_product(const Range& factors) {
  std::optional<std::uint64_t> product = 1;
  for (const std::uint64_t factor : factors) {
    product = checked_mul(*product, factor);
    if (!product) break;
  }
  return product;
}

}  // namespace moe::inline MOE_ABI::detail
