// SPDX-License-Identifier: MIT
#pragma once
#include "format.hpp"
#include "../../core/concat.hpp"
#include "../../core/utf8.hpp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE std::size_t take_number(Memory& memory, std::string_view& text) {
  constexpr std::size_t most = 1'000'000;
  std::size_t value = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    value = 10 * value + static_cast<std::size_t>(text[0] - '0');
    if (value > most) memory.fail("the template needs more than the allowed memory");
  }
  return value;
}

MOE_INLINE std::string aligned(std::string text, std::size_t sign_size, const FormatSpec& spec,
                               char by_default) {
  const std::size_t size = count_code_points(text);
  if (size >= spec.width) return text;
  const std::size_t missing = spec.width - size;
  const char align = spec.align == '\0' ? by_default : spec.align;
  const std::size_t before = align == '>' || align == '=' ? missing : align == '^' ? missing / 2 : 0;
  std::string out = align == '=' ? text.substr(0, sign_size) : std::string();
  if (align == '=') text.erase(0, sign_size);
  append_repeated(out, spec.fill, before);
  out += text;
  append_repeated(out, spec.fill, missing - before);
  return out;
}

inline std::string digits_of(std::uint64_t number, int base) {
  char buffer[66];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, number, base).ptr};
}

/// Digits in groups of `size`, with zeros in front up to `width` characters, or to one more if a mark would be the first
/// character.
inline std::string grouped_digits(std::string digits, char group, std::size_t width, std::size_t size = 3) {
  // The least n for which n digits and (n - 1) / size marks have `width` characters.
  const std::size_t least = width < 2 ? width : width - (width - 1) / (size + 1);
  if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % size == 0) out += group;
    out += digits[i];
  }
  return out;
}

/// The width of the digits of a number if zeros fill the width of the format: Python puts marks between these zeros, too. 0 if
/// no zeros fill the width. `others`: the number of the other characters, such as the sign.
inline std::size_t width_of_zeros(const FormatSpec& spec, std::size_t others) {
  return spec.fill == "0" && spec.align == '=' && spec.width > others ? spec.width - others : 0;
}

inline std::string digits_of(double number, std::chars_format format, std::size_t precision) {
  std::string digits(precision + 330, '\0');  // an f64 has at most 309 digits before the point
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, format, static_cast<int>(precision))
          .ptr;
  digits.resize(static_cast<std::size_t>(end - digits.data()));
  return digits;
}

/// The digits without zeros at the end of the fraction, and without a point that no digit follows.
inline std::string without_zeros(std::string digits) {
  if (digits.find('.') == digits.npos) return digits;
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits;
}

/// The digits of type g: `precision` significant digits, with an exponent if the exponent is less than -4 or at least `limit`.
/// `alternate`: with the zeros at the end.
inline std::string general_digits(double number, std::size_t precision, std::size_t limit, bool alternate) {
  const std::string scientific = digits_of(number, std::chars_format::scientific, precision - 1);
  const std::size_t e = scientific.find('e');
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  std::string digits = scientific.substr(0, e), suffix = scientific.substr(e);
  if (exponent >= -4 && exponent < static_cast<int>(limit)) {
    digits = digits_of(number, std::chars_format::fixed,
                       static_cast<std::size_t>(static_cast<int>(precision) - 1 - exponent));
    suffix.clear();
  }
  return (alternate ? std::move(digits) : without_zeros(std::move(digits))) + suffix;
}

/// The digits of a number without its sign. Without a type: repr(); with a precision only, as type g, except that a number
/// without an exponent has at least one digit after the point. Source: the format mini-language of Python.
inline std::string real_digits(double number, const FormatSpec& spec) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return "inf";
  const char type = static_cast<char>(spec.type | 0x20);
  const std::size_t precision = spec.precision == SIZE_MAX ? 6 : spec.precision;
  const std::size_t significant = std::max<std::size_t>(precision, 1);
  std::string digits;
  if (spec.type == '\0' && spec.precision == SIZE_MAX) {
    digits = repr_real(number);
  } else if (spec.type == '\0') {
    digits = general_digits(number, significant, significant - 1, spec.alternate);
    if (digits.find_first_of(".e") == digits.npos) digits += ".0";
  } else if (type == 'g' || type == 'n') {
    digits = general_digits(number, significant, significant, spec.alternate);
  } else {
    digits =
        digits_of(number, type == 'e' ? std::chars_format::scientific : std::chars_format::fixed, precision);
  }
  if (spec.alternate && digits.find('.') == digits.npos)
    digits.insert(std::min(digits.find('e'), digits.size()), 1, '.');
  return digits;
}

inline std::string upper_if(std::string text, bool condition) {
  return condition ? upper(text) : std::move(text);
}

/// The text before the digits of a number: - + or a space, or nothing.
inline std::string sign_of(bool negative, const FormatSpec& spec) {
  return negative ? "-" : spec.sign == '+' || spec.sign == ' ' ? std::string(1, spec.sign) : "";
}

MOE_INLINE std::string format_real(Memory& memory, double number, FormatSpec spec) {
  if (spec.precision != SIZE_MAX) memory.take(spec.precision);
  if (spec.type == '%') number *= 100;
  std::string digits = real_digits(std::fabs(number), spec);
  const bool zero =
      std::isfinite(number) && digits.find_first_of("123456789") >= std::min(digits.find('e'), digits.size());
  const bool negative = std::signbit(number) && !std::isnan(number) && !(zero && spec.positive_zero);
  if (spec.type == '%') digits += '%';
  const std::string sign = sign_of(negative, spec);
  if (spec.group != '\0' && std::isfinite(number)) {
    const std::size_t point = std::min(digits.find_first_of(".e%"), digits.size());
    const std::size_t width = width_of_zeros(spec, sign.size() + digits.size() - point);
    digits = grouped_digits(digits.substr(0, point), spec.group, width) + digits.substr(point);
  }
  digits = upper_if(digits, spec.type == 'E' || spec.type == 'F' || spec.type == 'G');
  return aligned(sign + digits, sign.size(), spec, '>');
}

MOE_INLINE std::string format_integer(Memory& memory, const Value& value, const FormatSpec& spec) {
  const bool big = value.kind == Kind::big_integer;
  if (big && spec.type != 'd' && spec.type != 'n' && spec.type != '\0')
    memory.fail("whole numbers beyond 64 bits are not supported in this format");
  const bool negative = big ? value.text().front() == '-' : value.whole() < 0;
  const int base = spec.type == 'x' || spec.type == 'X' ? 16
                   : spec.type == 'o'                   ? 8
                   : spec.type == 'b'                   ? 2
                                                        : 10;
  const std::uint64_t magnitude = big        ? 0
                                  : negative ? 0 - static_cast<std::uint64_t>(value.whole())
                                             : static_cast<std::uint64_t>(value.whole());
  std::string digits = big ? std::string(value.text().substr(negative ? 1 : 0)) : digits_of(magnitude, base);
  if (spec.precision != SIZE_MAX && digits.size() < spec.precision) {
    memory.take(spec.precision);
    digits.insert(0, spec.precision - digits.size(), '0');
  }
  std::string sign = sign_of(negative, spec);
  if (spec.alternate && base != 10) sign += {'0', spec.type};
  if (spec.group != '\0')
    digits = grouped_digits(digits, spec.group, width_of_zeros(spec, sign.size()), base == 10 ? 3 : 4);
  digits = upper_if(digits, spec.type == 'X');
  return aligned(sign + digits, sign.size(), spec, '>');
}

MOE_INLINE std::string truncated(Memory& memory, std::string text, const FormatSpec& spec) {
  if (spec.precision == SIZE_MAX) return text;
  const std::vector<std::size_t> offsets = offsets_of(memory, text);
  memory.work_on(text);
  text.resize(offsets[std::min(spec.precision, offsets.size() - 1)]);
  return text;
}

MOE_INLINE std::string ascii(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    const char32_t c = step.code_point;
    if (c < 0x80) {
      out += text[0];
    } else {
      out += c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
      append_hex(out, c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8);
    }
    text.remove_prefix(step.bytes);
  }
  return out;
}

MOE_INLINE double finite_real(Memory& memory, const Value& number) {
  work_on_number(memory, number);
  const double real = as_real(number);
  if (number.kind == Kind::big_integer && std::isinf(real)) memory.fail("int too large to convert to float");
  return real;
}

MOE_INLINE std::string character_of(Memory& memory, std::int64_t code_point) {
  if (code_point < 0 || code_point > 0x10ffff) memory.fail("%c arg not in range(0x110000)");
  if (code_point >= 0xd800 && code_point < 0xe000) memory.fail("surrogates are not supported");
  std::string out;
  append_utf8(out, static_cast<char32_t>(code_point));
  return out;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
