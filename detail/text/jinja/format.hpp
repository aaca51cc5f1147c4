// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "arguments.hpp"
#include "memory.hpp"
#include "value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace moe::inline MOE_ABI::detail::jinja {

/// The options of one format: `%` or `{}`.
struct FormatSpec {
  std::string fill = " ";
  char align = '\0';       // < > ^ or = (between sign and digits)
  char sign = '-';         // + or space: also before positive numbers
  bool alternate = false;  // #: with a prefix such as 0x
  char group = '\0';       // , or _ between groups of digits
  std::size_t width = 0;
  std::size_t precision = SIZE_MAX;  // absent
  char type = '\0';
};

inline constexpr std::size_t most_width = 1'000'000, most_precision = 100;

/// Pads the text to the width of `spec`. With the alignment '=', the fill comes behind the first `sign_size` bytes of the text.
/// `by_default`: the alignment if `spec` has none.
std::string aligned(std::string text, std::size_t sign_size, const FormatSpec& spec, char by_default);

std::string format_real(double number, FormatSpec spec);
std::string format_integer(Memory& memory, const Value& value, const FormatSpec& spec);

/// format % arguments: the conversions d i u s r a x X o e E f F g G c %. A Markup escapes its arguments.
Value format_percent(Memory& memory, const Value& format, const Value& arguments);

/// format.format(arguments): fields by position or name, such as {0}, with attributes and elements, such as {a.b[0]}; the
/// conversions !r, !s and !a; and format specifications of texts and numbers. A Markup escapes its arguments.
Value format_braces(Memory& memory, const Value& format, const Arguments& arguments);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "format.ipp"
#include "format_braces.ipp"
#endif
