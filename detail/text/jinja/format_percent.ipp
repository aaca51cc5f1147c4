// SPDX-License-Identifier: MIT
#pragma once
#include "format.hpp"
#include "../../core/concat.hpp"
#include "../../core/utf8.hpp"
#include "format.ipp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// Replaces each % format in a text by an argument.
class PercentFormatter {
 public:
  PercentFormatter(Memory& memory, const Value& format, const Value& arguments)
      : memory_(memory),
        format_(format.text()),
        rest_(format_),
        arguments_(arguments),
        escapes_(format.markup) {
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
      const std::string text = conversion();
      memory_.require_room(out.size() + text.size());
      out += text;
      memory_.work(1);
    }
    const bool mapping = arguments_.is_dict() || arguments_.kind == Kind::list ||
                         arguments_.kind == Kind::range || arguments_.is_undefined();
    if (next_ < queue_.size() && !mapping)
      memory_.fail("not all arguments converted during string formatting");
    return out += rest_;
  }

 private:
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Value argument() {
    if (next_ >= queue_.size()) memory_.fail("not enough arguments for format string");
    return queue_[next_++];
  }

  /// A width or a precision: digits, or * for an argument.
  std::int64_t number() {
    if (!take('*')) return static_cast<std::int64_t>(take_number(memory_, rest_));
    const Value value = argument();
    if (!value.is_integral()) memory_.fail("* wants int");
    constexpr std::int64_t most = 1'000'000;
    if (value.whole() < -most || value.whole() > most)
      memory_.fail("the template needs more than the allowed memory");
    return value.whole();
  }

  /// Reads `(key)`, in which parentheses are balanced. The member is the only argument of this conversion.
  void key() {
    if (!arguments_.is_dict()) memory_.fail("format requires a mapping");
    std::size_t end = 0;
    for (std::size_t open = 1; end < rest_.size(); ++end) {
      open += rest_[end] == '(';
      open -= rest_[end] == ')';
      if (open == 0) break;
    }
    if (end == rest_.size()) memory_.fail("incomplete format key");
    const std::string_view name = rest_.substr(0, end);
    const Value* const member = find_key(memory_, arguments_, name);
    if (!member) memory_.fail(repr_text(name));
    queue_ = {*member};
    next_ = 0;
    rest_.remove_prefix(end + 1);
  }

  void flags(FormatSpec& spec) {
    for (;;) {
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
        return;
      }
    }
  }

  std::string conversion() {
    if (take('%')) return "%";
    FormatSpec spec;
    if (take('(')) key();
    flags(spec);
    const std::int64_t width = number();
    if (width < 0) spec.align = '<';
    if (spec.align == '<') spec.fill = " ";
    spec.width = static_cast<std::size_t>(width < 0 ? -width : width);
    if (take('.')) spec.precision = static_cast<std::size_t>(std::max<std::int64_t>(number(), 0));
    if (peek() == 'h' || peek() == 'l' || peek() == 'L')
      rest_.remove_prefix(1);  // sizes of C, without effect
    if (rest_.empty()) memory_.fail("incomplete format");
    const Value value = argument();
    spec.type = peek();
    memory_.take(spec.width);
    std::string text = convert(value, spec);
    rest_.remove_prefix(1);
    return text;
  }

  std::string convert(const Value& value, FormatSpec spec) {
    switch (spec.type) {
      case 's':
      case 'r':
      case 'a': return padded_text(truncated(memory_, replacement(value, spec.type), spec), spec);
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
        require_defined(memory_, value);
        if (!value.is_number()) memory_.fail(concat("must be real number, not ", type_name(value)));
        return format_real(memory_, finite_real(memory_, value), spec);
      case 'c':
        if (value.is_string() && count_code_points(value.text()) == 1)
          return padded_text(std::string(value.text()), spec);
        if (value.is_integral()) return padded_text(character_of(memory_, value.whole()), spec);
        memory_.fail(value.is_number() && value.kind != Kind::real ? "%c arg not in range(0x110000)"
                                                                   : "%c requires int or char");
      default: refuse_type();
    }
  }

  /// Refuses the type with which the rest of the format begins.
  [[noreturn]] void refuse_type() const {
    const char32_t c = utf8_step(rest_).code_point;
    const std::size_t before = format_.size() - rest_.size();
    memory_.fail(concat("unsupported format character '", c >= 31 && c < 127 ? rest_.front() : '?', "' (0x",
                        digits_of(c, 16), ") at index ", count_code_points(format_.substr(0, before))));
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
    if (decimal) require_defined(memory_, value);
    Value whole = value;
    if (decimal && value.kind == Kind::real) {
      if (std::isnan(value.real)) memory_.fail("cannot convert float NaN to integer");
      if (std::isinf(value.real)) memory_.fail("cannot convert float infinity to integer");
      whole = whole_of_real(memory_, value.real);
    }
    if (!whole.is_number() || whole.kind == Kind::real)
      memory_.fail(concat(
          '%', spec.type,
          decimal ? " format: a real number is required, not " : " format: an integer is required, not ",
          type_name(value)));
    if (decimal) spec.type = 'd';
    return format_integer(memory_, whole, spec);
  }

  Memory& memory_;
  std::string_view format_, rest_;
  const Value& arguments_;
  std::vector<Value> queue_;  // the arguments by position
  std::size_t next_ = 0;
  bool escapes_;
};

MOE_INLINE Value format_percent(Memory& memory, const Value& format, const Value& arguments) {
  Value out = memory.text(PercentFormatter(memory, format, arguments).run());
  out.markup = format.markup;
  return out;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
