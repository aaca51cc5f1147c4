// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "../../core/decimal.hpp"
#include "../../core/utf8.hpp"
#include "../unicode.hpp"
#include "format.hpp"
#include "interpreter.hpp"
#include "operators.hpp"
#include "python_text.hpp"
#include "text_filters.ipp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace moe::inline MOE_ABI::detail::jinja {

// Filters of numbers. `filter_x` is named after the function `do_x` in filters.py of Jinja.

inline Value filter_abs(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  if (!value.is_number()) memory.fail(concat("bad operand type for abs(): '", type_name(value), '\''));
  if (value.kind == Kind::real) return Value::of_real(std::fabs(value.real));
  return less(memory, value, Value::of_integer(0)) ? negate(memory, value)
                                                   : add(memory, Value::of_integer(0), value);
}

/// A whole number beyond 64 bits, with a minus sign or none; undefined if there are more digits than Python's int() reads.
inline Value large_integer(Memory& memory, std::string digits, std::int64_t base) {
  if (base != 10) memory.fail("whole numbers beyond 64 bits are supported in decimal only");
  const std::size_t begin = digits[0] == '-' ? 1 : 0;
  if (digits.size() - begin > most_digits) return {};
  digits.erase(begin, digits.find_first_not_of('0', begin) - begin);
  Value number = memory.text(std::move(digits));
  number.kind = Kind::big_integer;
  return number;
}

/// The text with each decimal digit of Unicode as a digit of ASCII.
inline std::string with_ascii_digits(std::string_view text) {
  return map_characters(text, [&](std::string& out, std::size_t at, char32_t c) {
    const auto digit = c < 0x80 ? std::nullopt : decimal_digit(c);
    if (digit) {
      out += static_cast<char>('0' + *digit);
    } else {
      out += text.substr(at, utf8_step(text.substr(at)).bytes);
    }
  });
}

/// int(text, base) of Python; undefined if the text is not such a number, or if Python refuses the base.
inline Value parse_integer(Memory& memory, std::string_view text, std::int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return {};
  const std::string ascii = with_ascii_digits(strip(text, Side::both));
  text = ascii;
  std::string digits;
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  // An underscore may stand between the prefix and the digits.
  const char letter = text.size() > 1 ? static_cast<char>(text[1] | 0x20) : '\0';
  const int prefixed = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (text.starts_with('0') && prefixed != 0 && (base == prefixed || base == 0)) {
    text.remove_prefix(text.substr(2).starts_with('_') ? 3 : 2);
    base = prefixed;
  }
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '_' || i == 0 || i + 1 == text.size() || text[i - 1] == '_') digits += text[i];
  if (digits.starts_with('-')) return {};
  std::int64_t number = 0;
  if (negative) digits.insert(0, 1, '-');
  const char* const end = digits.data() + digits.size();
  if (base == 0) base = 10;
  const auto result = std::from_chars(digits.data(), end, number, static_cast<int>(base));
  const bool large = result.ec == std::errc::result_out_of_range;
  if (digits.empty() || (result.ec != std::errc() && !large) || result.ptr != end) return {};
  return large ? large_integer(memory, std::move(digits), base) : Value::of_integer(number);
}

/// float(text) of Python; undefined if the text is not a number.
inline Value parse_real(std::string_view text) {
  const std::string ascii = with_ascii_digits(strip(text, Side::both));
  const auto is_digit = [&](std::size_t i) { return i < ascii.size() && ascii[i] >= '0' && ascii[i] <= '9'; };
  std::string plain;
  for (std::size_t i = 0; i < ascii.size(); ++i)
    if (ascii[i] != '_' || i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) plain += ascii[i];
  text = plain;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string lower_text = lower(text);
  const double sign = negative ? -1 : 1;
  if (lower_text == "inf" || lower_text == "infinity") return Value::of_real(sign * HUGE_VAL);
  if (lower_text == "nan") return Value::of_real(std::nan(""));
  std::size_t digits = 0, points = 0, at = 0;
  for (; at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.'); ++at)
    text[at] == '.' ? ++points : ++digits;
  if (digits == 0 || points > 1) return {};
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    if (at == begin) return {};
  }
  if (at != text.size()) return {};
  std::string clean(text);  // with a digit before the point
  if (clean.starts_with('.')) clean.insert(0, 1, '0');
  return Value::of_real(sign * parse_double(clean).value_or(HUGE_VAL));
}

inline Value filter_int(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "int", 0, {"default", "base"});
  const Value otherwise = values[0].is_undefined() ? Value::of_integer(0) : values[0];
  if (value.is_undefined()) fail_undefined(memory, value);
  Value number = value;
  if (value.is_string()) {
    memory.work_on(value.text());
    const Value& base = values[1];
    const bool whole_base = base.is_undefined() || base.is_integral();  // int() refuses any other base
    const Value whole =
        whole_base ? parse_integer(memory, value.text(), whole_argument(memory, base, 10)) : Value();
    if (!whole.is_undefined()) return whole;
    number = parse_real(value.text());
  }
  if (number.is_integral()) return Value::of_integer(number.whole());
  if (number.kind == Kind::big_integer) return number;
  if (number.kind != Kind::real || !std::isfinite(number.real)) return otherwise;
  return whole_of_real(memory, number.real);
}

inline Value filter_float(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Value otherwise = arguments.bind(interpreter.memory(), "float", 0, {"default"})[0];
  if (value.is_undefined()) fail_undefined(interpreter.memory(), value);
  if (value.is_string()) interpreter.memory().work_on(value.text());
  const Value number = value.is_string() ? parse_real(value.text()) : value;
  if (number.kind == Kind::real) return number;
  if (number.is_number()) return add(interpreter.memory(), Value::of_real(0), number);
  return otherwise.is_undefined() ? Value::of_real(0) : otherwise;
}

/// The number `digits` plus a fraction below 1, rounded to a multiple of 10^places, and halves to even. `fraction`: whether the
/// fraction is above 0. The digits and the result have no sign; `places` is at least 1.
inline std::string rounded_digits(std::string digits, bool fraction, std::size_t places) {
  if (places > digits.size()) return "0";
  std::size_t kept = digits.size() - places;
  const int order = digits.compare(kept, places, '5' + std::string(places - 1, '0'));
  const bool odd = kept > 0 && (digits[kept - 1] - '0') % 2 == 1;
  std::fill(digits.begin() + static_cast<std::ptrdiff_t>(kept), digits.end(), '0');
  if (order > 0 || (order == 0 && (fraction || odd))) {
    digits.insert(0, 1, '0');
    while (digits[kept] == '9') digits[kept--] = '0';
    ++digits[kept];
  }
  return digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
}

/// round(number, precision) of Python, which rounds the exact value, and halves to even.
inline Value rounded(Memory& memory, const Value& value, std::int64_t precision) {
  const bool whole = value.kind != Kind::real;
  if (whole && precision >= 0) return value.kind == Kind::boolean ? Value::of_integer(value.whole()) : value;
  if (!whole && !std::isfinite(value.real)) return value;
  if (precision >= 0) {
    char buffer[700];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value.real, std::chars_format::fixed,
                                   static_cast<int>(precision))
                         .ptr;
    return Value::of_real(
        parse_double({buffer, static_cast<std::size_t>(end - buffer)}).value_or(value.real));
  }
  std::string digits = whole ? format_integer(memory, value, {}) : whole_digits(value.real);
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  const bool fraction = !whole && std::trunc(value.real) != value.real;
  digits = rounded_digits(std::move(digits), fraction, static_cast<std::size_t>(-precision));
  if (!whole) return Value::of_real(std::copysign(parse_double(digits).value_or(HUGE_VAL), value.real));
  return whole_of_digits(memory, negative && digits != "0" ? '-' + digits : digits);
}

inline Value filter_round(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "round", 0, {"precision", "method"});
  const std::string_view method = values[1].is_string() ? values[1].text() : "common";
  const bool common = method == "common";
  if (!common && method != "ceil" && method != "floor") memory.fail("method must be common, ceil or floor");
  if (!common) require_defined(memory, value);
  if (!value.is_number())
    memory.fail(common ? concat("type ", type_name(value), " doesn't define __round__ method")
                       : concat("must be real number, not ", type_name(value)));
  const std::int64_t precision = std::clamp<std::int64_t>(whole_argument(memory, values[0], 0), -5000, 300);
  work_on_number(memory, value);
  if (common) return rounded(memory, value, precision);
  const double number = as_real(value), scale = std::pow(10.0, static_cast<double>(precision));
  if (scale == 0) memory.fail("float division by zero");
  const double whole = method == "ceil" ? std::ceil(number * scale) : std::floor(number * scale);
  return Value::of_real(whole / scale + 0.0);  // + 0.0: never -0.0, as Python rounds to an int
}

inline Value filter_filesizeformat(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const bool binary = is_true(arguments.bind(memory, "filesizeformat", 0, {"binary"})[0]);
  const Value number = filter_float(interpreter, value, {});
  const bool numeric = value.is_number() || (value.is_string() && !parse_real(value.text()).is_undefined());
  if (!numeric)
    memory.fail(value.is_string() ? concat("could not convert string to float: ", repr_text(value.text()))
                                  : concat("float() argument must be a string or a real number, not '",
                                           type_name(value), '\''));
  const double bytes = number.real, base = binary ? 1024 : 1000;
  if (bytes == 1) return Value::of_text("1 Byte");
  if (bytes < base && std::isinf(bytes)) memory.fail("cannot convert float infinity to integer");
  if (bytes < base) return memory.text(concat(whole_digits(bytes), " Bytes"));
  constexpr std::string_view letters = "kMGTPEZY";
  double unit = base;
  std::size_t i = 0;
  while (i + 1 < letters.size() && !(bytes < unit * base)) {
    unit *= base;
    ++i;
  }
  FormatSpec spec;
  spec.type = 'f';
  spec.precision = 1;
  const std::string letter(1, binary && i == 0 ? 'K' : letters[i]);
  return memory.text(
      concat(format_real(memory, base * bytes / (unit * base), spec), ' ', letter, binary ? "iB" : "B"));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
