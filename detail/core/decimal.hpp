// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <charconv>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Whether `text` is a number without a sign, such as 12, 0.5, .5, 5. or 1e-07.
inline bool is_decimal(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - first;
  };
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') ++at, count += digits();
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

/// The f64 nearest to a decimal, which may begin with a minus sign. A decimal nearer to 0 than every f64 gives 0; a
/// decimal too large for an f64 gives no value. Independent of the locale.
std::optional<double> parse_double(std::string_view digits);

/// The decimal separator of the current locale, which std::snprintf() writes and std::strtod() reads.
std::string decimal_separator();

/// A decimal form that reads back as the same finite number, independent of the locale: the shortest form, if the standard
/// library has std::to_chars for floats.
template <class Float>
std::string to_decimal(Float value) {
  char text[40];
#if defined(__cpp_lib_to_chars)
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
#else
  const int size =
      std::snprintf(text, sizeof text, sizeof value == 4 ? "%.9g" : "%.17g", static_cast<double>(value));
  std::string out(text, static_cast<std::size_t>(size));
  const std::string separator = decimal_separator();
  if (const std::size_t at = out.find(separator); at != out.npos) out.replace(at, separator.size(), 1, '.');
  return out;
#endif
}

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "decimal.ipp"
#endif
