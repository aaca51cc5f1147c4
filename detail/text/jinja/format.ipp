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

/// Digits in groups of `size`, with zeros in front up to `width` characters, or to one more if a mark would be the first of them.
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

/// How many characters the digits of a number get, beside `others` other characters, if zeros fill the width in front of them: in
/// Python, these zeros are grouped too. 0: no zeros, or no width.
inline std::size_t width_of_zeros(const FormatSpec& spec, std::size_t others) {
  return spec.fill == "0" && spec.align == '=' && spec.width > others ? spec.width - others : 0;
}

/// The digits of a real number without its sign, in the format type e, f, g or %.
inline std::string real_digits(double number, const FormatSpec& spec) {
  const char type = static_cast<char>(spec.type | 0x20);
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return "inf";
  std::size_t precision = std::min(spec.precision, most_precision);
  if (spec.precision == SIZE_MAX) precision = 6;
  if (type == 'g' && precision == 0) precision = 1;
  const std::chars_format format = type == 'e'   ? std::chars_format::scientific
                                   : type == 'g' ? std::chars_format::general
                                                 : std::chars_format::fixed;
  char buffer[512];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, format, static_cast<int>(precision)).ptr;
  return {buffer, end};
}

/// The digits of a number in a format that has a precision and no type: like type g, except that a number without an exponent
/// has at least one digit after the point. Source: the format mini-language of Python.
inline std::string general_digits(double number, FormatSpec spec) {
  const std::size_t precision = std::clamp<std::size_t>(spec.precision, 1, most_precision);
  spec.type = 'e';
  spec.precision = precision - 1;
  const std::string scientific = real_digits(number, spec);
  const std::size_t e = scientific.find('e');
  if (e == scientific.npos) return scientific;  // inf and nan
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  if (exponent >= -4 && exponent < static_cast<int>(precision) - 1) {
    spec.type = 'g';
    spec.precision = precision;
    const std::string digits = real_digits(number, spec);
    return digits.find('.') == digits.npos ? digits + ".0" : digits;
  }
  std::string mantissa = scientific.substr(0, e);
  if (mantissa.find('.') != mantissa.npos) mantissa.erase(mantissa.find_last_not_of("0") + 1);
  if (mantissa.ends_with('.')) mantissa.pop_back();
  return mantissa + scientific.substr(e);
}

inline std::string upper_if(std::string text, bool condition) {
  return condition ? upper(text) : std::move(text);
}

MOE_INLINE std::string format_real(double number, FormatSpec spec) {
  const bool negative = std::signbit(number);
  if (spec.type == '%') number *= 100;
  if (spec.type == 'n') spec.type = 'g';
  const bool plain = spec.precision == SIZE_MAX;
  const double size = std::fabs(number);
  std::string digits = spec.type != '\0' ? real_digits(size, spec)
                       : plain           ? repr_real(size)
                                         : general_digits(size, spec);
  if (spec.type == '%') digits += '%';
  const std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
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
  if (spec.group == ',' && base != 10) memory.fail(concat("Cannot specify ',' with '", spec.type, "'."));
  std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  if (spec.alternate && base != 10) sign += {'0', spec.type};
  if (spec.group != '\0')
    digits = grouped_digits(digits, spec.group, width_of_zeros(spec, sign.size()), base == 10 ? 3 : 4);
  digits = upper_if(digits, spec.type == 'X');
  return aligned(sign + digits, sign.size(), spec, '>');
}

/// ascii(): characters beyond ASCII become escapes.
inline std::string ascii(std::string_view text) {
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

/// The number as an f64. Throws if the number is whole and too large for an f64.
inline double finite_real(Memory& memory, const Value& number) {
  const double real = as_real(number);
  if (number.kind == Kind::big_integer && std::isinf(real)) memory.fail("int too large to convert to float");
  return real;
}

/// The character of the format %c or {:c}.
inline std::string character_of(Memory& memory, std::int64_t code_point) {
  if (code_point < 0 || code_point > 0x10ffff) memory.fail("%c arg not in range(0x110000)");
  if (code_point >= 0xd800 && code_point < 0xe000) memory.fail("surrogates are not supported");
  std::string out;
  append_utf8(out, static_cast<char32_t>(code_point));
  return out;
}

// ---- format % arguments

/// Replaces each % format in a text by an argument.
class PercentFormatter {
 public:
  PercentFormatter(Memory& memory, const Value& format, const Value& arguments)
      : memory_(memory), rest_(format.text()), arguments_(arguments), escapes_(format.markup) {
    if (arguments.kind == Kind::tuple) {
      queue_ = arguments.list->items;
    } else {
      queue_.push_back(arguments);
    }
  }

  std::string run() {
    std::string out;
    for (std::size_t percent; (percent = rest_.find('%')) != rest_.npos;) {
      out += rest_.substr(0, percent);
      rest_.remove_prefix(percent + 1);
      out += conversion();
      memory_.work(1);
    }
    const bool mapping = arguments_.is_dict() || arguments_.kind == Kind::list ||
                         arguments_.kind == Kind::range || arguments_.is_undefined();
    const bool all_used = next_ >= queue_.size() || named_ || mapping;
    if (!all_used) memory_.fail("not all arguments converted during string formatting");
    return out += rest_;
  }

 private:
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::size_t number() {
    std::size_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = std::min<std::size_t>(10 * value + static_cast<std::size_t>(peek() - '0'), most_width);
      rest_.remove_prefix(1);
    }
    return value;
  }

  Value argument() {
    if (next_ >= queue_.size()) memory_.fail("not enough arguments for format string");
    return queue_[next_++];
  }

  std::string conversion() {
    FormatSpec spec;
    Value value;
    bool has_value = false;
    if (take('(')) {
      const std::size_t end = rest_.find(')');
      if (end == rest_.npos) memory_.fail("incomplete format key");
      if (!arguments_.is_dict()) memory_.fail("format requires a mapping");
      const Value* const member = find_key(memory_, arguments_, rest_.substr(0, end));
      if (!member) memory_.fail(repr_text(rest_.substr(0, end)));
      value = *member;
      has_value = named_ = true;
      rest_.remove_prefix(end + 1);
    }
    for (bool flag = true; flag;) {
      flag = true;
      if (take('-')) {
        spec.align = '<';
      } else if (take('0')) {
        if (spec.align == '\0') spec.align = '=', spec.fill = "0";
      } else if (take('+')) {
        spec.sign = '+';
      } else if (take(' ')) {
        spec.sign = spec.sign == '+' ? '+' : ' ';
      } else if (take('#')) {
        spec.alternate = true;
      } else {
        flag = false;
      }
    }
    if (spec.align == '<') spec.fill = " ";
    spec.width = number();
    if (take('.')) spec.precision = number();
    if (rest_.empty()) memory_.fail("incomplete format");
    spec.type = peek();
    rest_.remove_prefix(1);
    if (spec.type == '%') return "%";
    if (!has_value) value = argument();
    memory_.take(spec.width);
    return convert(value, spec);
  }

  std::string convert(const Value& value, FormatSpec spec) {
    switch (spec.type) {
      case 's':
      case 'r':
      case 'a': {
        std::string text = replacement(value, spec.type);
        if (spec.precision != SIZE_MAX) {
          const std::vector<std::size_t> offsets = offsets_of(memory_, text);
          text.resize(offsets[std::min(spec.precision, offsets.size() - 1)]);
        }
        return padded_text(std::move(text), spec);
      }
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o': return convert_integer(value, spec);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!value.is_number()) memory_.fail(concat("must be real number, not ", type_name(value)));
        return format_real(finite_real(memory_, value), spec);
      case 'c':
        if (value.is_string() && count_code_points(value.text()) == 1)
          return padded_text(std::string(value.text()), spec);
        if (value.is_integral()) return padded_text(character_of(memory_, value.whole()), spec);
        memory_.fail("%c requires int or char");
      default: memory_.fail(concat("unsupported format character '", spec.type, "'"));
    }
  }

  /// The result of a conversion to text, which is never filled with zeros.
  static std::string padded_text(std::string text, FormatSpec spec) {
    if (spec.align == '=') spec.align = '>', spec.fill = " ";
    return aligned(std::move(text), 0, spec, '>');
  }

  /// The text of the conversions s, r and a. A format that is a Markup escapes the text.
  std::string replacement(const Value& value, char type) {
    std::string text;
    if (type == 's' && escapes_) return std::string(escaped(memory_, value).text());
    if (type == 's') append_text(memory_, text, value);
    if (type != 's') append_repr(memory_, text, value);
    if (type != 's' && escapes_) text = escaped(memory_, Value::of_text(text)).text();
    return type == 'a' ? ascii(text) : text;
  }

  std::string convert_integer(const Value& value, FormatSpec spec) {
    const bool decimal = spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
    Value whole = value;
    if (decimal && value.kind == Kind::real && std::fabs(value.real) < 9e18)
      whole = Value::of_integer(static_cast<std::int64_t>(value.real));
    if (!whole.is_number() || whole.kind == Kind::real)
      memory_.fail(concat(
          '%', spec.type,
          decimal ? " format: a real number is required, not " : " format: an integer is required, not ",
          type_name(value)));
    if (decimal) spec.type = 'd';
    return format_integer(memory_, whole, spec);
  }

  Memory& memory_;
  std::string_view rest_;
  const Value& arguments_;
  std::vector<Value> queue_;
  std::size_t next_ = 0;
  bool named_ = false, escapes_;
};

MOE_INLINE Value format_percent(Memory& memory, const Value& format, const Value& arguments) {
  Value out = memory.text(PercentFormatter(memory, format, arguments).run());
  out.markup = format.markup;
  return out;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
