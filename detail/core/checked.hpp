// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

// Arithmetic on numbers that a file or a caller states.

/// a · b; empty if the product exceeds 64 bits.
inline std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  if (b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b) return {};
  return a * b;
}

/// The product of all numbers of a range, multiplied in order; 1 if the range is empty. The result is empty if the product of
/// the first numbers, or of all, exceeds 64 bits.
template <class Range>
std::optional<std::uint64_t> checked_product(const Range& factors) {
  std::optional<std::uint64_t> product = 1;
  for (const std::uint64_t factor : factors) {
    product = checked_mul(*product, factor);
    if (!product) break;
  }
  return product;
}

/// checked_product() of `factors` as a size in bytes. If the product is empty or exceeds PTRDIFF_MAX, the largest size of an
/// object, throws an Error about `place` of `file` that lists the factors.
std::size_t checked_size(std::string_view file, std::string_view place,
                         std::initializer_list<std::uint64_t> factors);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "checked.ipp"
#endif
