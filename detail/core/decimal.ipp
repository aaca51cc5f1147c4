// SPDX-License-Identifier: MIT
#pragma once
#include "decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace moe::inline MOE_ABI::detail {

/// The value of an exponent, given the text behind the letter e; the largest or least value if the exponent exceeds 64 bits.
inline std::int64_t exponent_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const std::errc error = std::from_chars(text.data(), text.data() + text.size(), value).ec;
  if (error != std::errc::result_out_of_range) return value;
  using Limits = std::numeric_limits<std::int64_t>;
  return text.front() == '-' ? (Limits::min)() : (Limits::max)();
}

/// Whether the magnitude of a decimal is less than 1. The first digit other than 0 and the exponent decide.
inline bool is_below_one(std::string_view digits) {
  const std::size_t letter = digits.find_first_of("eE");
  const std::int64_t exponent = letter == digits.npos ? 0 : exponent_of(digits.substr(letter + 1));
  const std::string_view mantissa = digits.substr(0, letter);
  const std::size_t first = mantissa.find_first_of("123456789");
  if (first == mantissa.npos) return true;
  const std::size_t point = (std::min)(mantissa.find('.'), mantissa.size());
  const std::int64_t places = static_cast<std::int64_t>(first) - static_cast<std::int64_t>(point);
  return places < 0 ? exponent <= places : exponent < places;
}

MOE_INLINE std::string decimal_separator() {
  char half[16];
  const int size = std::snprintf(half, sizeof half, "%.1f", 0.5);
  return {half + 1, static_cast<std::size_t>(size - 2)};
}

/// The result of std::strtod(), independent of the locale: replaces the point by the decimal separator of the locale first.
inline double strtod_of(std::string digits) {
  if (const std::size_t point = digits.find('.'); point != digits.npos)
    digits.replace(point, 1, decimal_separator());
  return std::strtod(digits.c_str(), nullptr);
}

MOE_INLINE std::optional<double> parse_double(std::string_view digits) {
  double value = 0;
#if defined(__cpp_lib_to_chars)
  const std::errc error = std::from_chars(digits.data(), digits.data() + digits.size(), value).ec;
  // from_chars gives the same error for numbers that are too large and too small, in GCC 11 also for subnormal ones.
  if (error == std::errc::result_out_of_range) {
    if (!is_below_one(digits)) return {};
    value = strtod_of(std::string(digits));
  }
#else
  value = strtod_of(std::string(digits));  // libc++ before 20 has no from_chars for f64
#endif
  if (value > (std::numeric_limits<double>::max)() || value < -(std::numeric_limits<double>::max)())
    return {};
  return value;
}

}  // namespace moe::inline MOE_ABI::detail
