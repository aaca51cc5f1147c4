// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "arguments.hpp"
#include "memory.hpp"
#include "value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail::jinja {

/// The options of one format: `%` or `{}`. '\0' and SIZE_MAX: the option is absent.
struct FormatSpec {
  std::string fill = " ";
  char align = '\0';           // < > ^ or = (between sign and digits)
  char sign = '\0';            // + or space: also before positive numbers; -: as if absent
  bool positive_zero = false;  // z: a negative number that is rounded to 0 has no sign
  bool alternate = false;      // #: whole numbers have a prefix such as 0x, real numbers always have a point
  char group = '\0';           // , or _ between groups of digits
  std::size_t width = 0;
  std::size_t precision = SIZE_MAX;
  char type = '\0';
};

/// Takes the decimal digits at the start of the text, for a width or a precision. Throws if the number is above 1000000.
std::size_t take_number(Memory& memory, std::string_view& text);

/// Pads the text to the width of `spec`. With the alignment '=', the fill comes behind the first `sign_size` bytes of the text.
/// `by_default`: the alignment if `spec` has none.
std::string aligned(std::string text, std::size_t sign_size, const FormatSpec& spec, char by_default);

std::string format_real(Memory& memory, double number, FormatSpec spec);
std::string format_integer(Memory& memory, const Value& value, const FormatSpec& spec);

/// The first `precision` code points of a text; the text itself if the precision is absent.
std::string truncated(Memory& memory, std::string text, const FormatSpec& spec);

/// ascii(): characters beyond ASCII become escapes.
std::string ascii(std::string_view text);

/// The number as an f64. Throws if the number is whole and too large for an f64.
double finite_real(Memory& memory, const Value& number);

/// The character of the format %c or {:c}.
std::string character_of(Memory& memory, std::int64_t code_point);

/// format % arguments: the conversions d i u s r a x X o e E f F g G c %. A Markup escapes its arguments.
Value format_percent(Memory& memory, const Value& format, const Value& arguments);

/// format.format(arguments): fields by position or name, such as {0}, with attributes and elements, such as {a.b[0]}; the
/// conversions !r, !s and !a; and format specifications of texts and numbers. A Markup escapes its arguments.
Value format_braces(Memory& memory, const Value& format, const Arguments& arguments);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "format.ipp"
#include "format_braces.ipp"
#include "format_percent.ipp"
#endif
