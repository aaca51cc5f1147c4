// SPDX-License-Identifier: MIT
#pragma once
#include "operators.hpp"
#include "../../core/concat.hpp"
#include "format.hpp"
#include "python_text.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

[[noreturn]] inline void refuse_operands(Memory& memory, std::string_view sign, const Value& a,
                                         const Value& b) {
  memory.fail(
      concat("unsupported operand type(s) for ", sign, ": '", type_name(a), "' and '", type_name(b), '\''));
}

[[noreturn]] inline void refuse_large(Memory& memory) {
  memory.fail("whole numbers beyond 64 bits are not supported in arithmetic");
}

inline void require_numbers(Memory& memory, std::string_view sign, const Value& a, const Value& b) {
  require_defined(memory, a);
  require_defined(memory, b);
  if (!a.is_number() || !b.is_number()) refuse_operands(memory, sign, a, b);
  work_on_number(memory, a);
  work_on_number(memory, b);
  const bool real = a.kind == Kind::real || b.kind == Kind::real;
  if (!real && !(a.is_integral() && b.is_integral())) refuse_large(memory);
}

inline bool both_whole(const Value& a, const Value& b) { return a.is_integral() && b.is_integral(); }

constexpr std::int64_t least_integer = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most_integer = std::numeric_limits<std::int64_t>::max();

inline std::int64_t add_integers(Memory& memory, std::int64_t a, std::int64_t b) {
  if (b > 0 ? a > most_integer - b : a < least_integer - b) refuse_large(memory);
  return a + b;
}

inline std::int64_t multiply_integers(Memory& memory, std::int64_t a, std::int64_t b) {
  if (a == 0 || b == 0) return 0;
  const bool lowest = (a == -1 && b == least_integer) || (b == -1 && a == least_integer);
  const auto product =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  if (lowest || product / b != a) refuse_large(memory);
  return product;
}

inline Value add_texts(Memory& memory, const Value& a, const Value& b) {
  const bool markup = a.markup || b.markup;
  if (!markup) return memory.appended(a, b.text());
  memory.take(a.size + b.size);
  Value sum = memory.text(escape(a) + escape(b));
  sum.markup = markup;
  return sum;
}

MOE_INLINE Value add(Memory& memory, const Value& a, const Value& b) {
  require_defined(memory, a);
  require_defined(memory, b);
  if (a.is_string() && b.is_string()) return add_texts(memory, a, b);
  if (a.is_string()) memory.fail(concat("can only concatenate str (not \"", type_name(b), "\") to str"));
  if (a.kind == Kind::list || a.kind == Kind::tuple) {
    if (a.kind != b.kind)
      memory.fail(
          concat("can only concatenate ", type_name(a), " (not \"", type_name(b), "\") to ", type_name(a)));
    std::vector<Value> items = a.list->items;
    items.insert(items.end(), b.list->items.begin(), b.list->items.end());
    return memory.list(std::move(items), a.kind, a.kind == Kind::list ? "list" : "tuple");
  }
  require_numbers(memory, "+", a, b);
  if (both_whole(a, b)) return Value::of_integer(add_integers(memory, a.whole(), b.whole()));
  return Value::of_real(as_real(a) + as_real(b));
}

MOE_INLINE Value whole_of_digits(Memory& memory, std::string digits) {
  std::int64_t number = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc())
    return Value::of_integer(number);
  Value out = memory.text(std::move(digits));
  out.kind = Kind::big_integer;
  return out;
}

MOE_INLINE Value whole_of_real(Memory& memory, double number) {
  return whole_of_digits(memory, whole_digits(number));
}

/// The negative of a whole number if the number or the negative is beyond 64 bits.
inline Value negate_large(Memory& memory, const Value& value) {
  std::string digits;
  append_text(memory, digits, value);
  if (digits.front() == '-') {
    digits.erase(0, 1);
  } else {
    digits.insert(0, 1, '-');
  }
  return whole_of_digits(memory, std::move(digits));
}

MOE_INLINE Value negate(Memory& memory, const Value& value) {
  require_defined(memory, value);
  if (!value.is_number()) memory.fail(concat("bad operand type for unary -: '", type_name(value), '\''));
  if (value.kind == Kind::real) return Value::of_real(-value.real);
  work_on_number(memory, value);
  if (value.kind == Kind::big_integer || value.whole() == least_integer) return negate_large(memory, value);
  return Value::of_integer(-value.whole());
}

MOE_INLINE Value subtract(Memory& memory, const Value& a, const Value& b) {
  require_numbers(memory, "-", a, b);
  if (!both_whole(a, b)) return Value::of_real(as_real(a) - as_real(b));
  if (b.whole() == least_integer) refuse_large(memory);
  return Value::of_integer(add_integers(memory, a.whole(), -b.whole()));
}

inline Value repeat(Memory& memory, const Value& sequence, std::int64_t times) {
  const std::size_t count = times > 0 ? static_cast<std::size_t>(times) : 0;
  const std::size_t size = sequence.is_string() ? sequence.size : sequence.list->items.size();
  if (size > 0 && count > (std::size_t{1} << 30) / size)
    memory.fail("the template needs more than the allowed memory");
  memory.take(size * count);
  if (sequence.is_string()) {
    std::string out;
    for (std::size_t i = 0; i < count && size > 0; ++i) out += sequence.text();
    Value value = memory.text(std::move(out));
    value.markup = sequence.markup;
    return value;
  }
  memory.take(size * count * sizeof(Value));
  std::vector<Value> items;
  for (std::size_t i = 0; i < count && size > 0; ++i)
    items.insert(items.end(), sequence.list->items.begin(), sequence.list->items.end());
  return memory.list(std::move(items), sequence.kind, sequence.kind == Kind::list ? "list" : "tuple");
}

MOE_INLINE Value multiply(Memory& memory, const Value& a, const Value& b) {
  const auto is_sequence = [](const Value& value) {
    return value.is_string() || value.kind == Kind::list || value.kind == Kind::tuple;
  };
  if (is_sequence(a) && b.is_integral()) return repeat(memory, a, b.whole());
  if (is_sequence(b) && a.is_integral()) return repeat(memory, b, a.whole());
  require_defined(memory, a);
  require_defined(memory, b);
  if ((is_sequence(a) && b.kind == Kind::big_integer) || (is_sequence(b) && a.kind == Kind::big_integer))
    memory.fail("cannot fit 'int' into an index-sized integer");
  if (is_sequence(a) || is_sequence(b))
    memory.fail(
        concat("can't multiply sequence by non-int of type '", type_name(is_sequence(a) ? b : a), '\''));
  require_numbers(memory, "*", a, b);
  if (both_whole(a, b)) return Value::of_integer(multiply_integers(memory, a.whole(), b.whole()));
  return Value::of_real(as_real(a) * as_real(b));
}

MOE_INLINE Value divide(Memory& memory, const Value& a, const Value& b) {
  require_numbers(memory, "/", a, b);
  if (as_real(b) == 0) memory.fail(both_whole(a, b) ? "division by zero" : "float division by zero");
  return Value::of_real(as_real(a) / as_real(b));
}

/// a - b * floor(a / b), with the sign of b.
inline double real_modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

/// floor(a / b), computed from the exact remainder: the rounded a / b may be the next whole number. Source: float_divmod of
/// CPython.
inline double real_floor_quotient(double a, double b) {
  const double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;  // a whole number up to rounding
  if (rest != 0 && (rest < 0) != (b < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

MOE_INLINE Value floor_divide(Memory& memory, const Value& a, const Value& b) {
  require_numbers(memory, "//", a, b);
  if (!both_whole(a, b)) {
    if (as_real(b) == 0) memory.fail("float floor division by zero");
    return Value::of_real(real_floor_quotient(as_real(a), as_real(b)));
  }
  const std::int64_t x = a.whole(), y = b.whole();
  if (y == 0) memory.fail("integer division or modulo by zero");
  if (y == -1) return negate(memory, a);
  return Value::of_integer(x / y - (x % y != 0 && (x < 0) != (y < 0)));
}

MOE_INLINE Value modulo(Memory& memory, const Value& a, const Value& b) {
  if (a.is_string()) return format_percent(memory, a, b);
  require_numbers(memory, "%", a, b);
  if (!both_whole(a, b)) {
    if (as_real(b) == 0) memory.fail("float modulo");
    return Value::of_real(real_modulo(as_real(a), as_real(b)));
  }
  const std::int64_t x = a.whole(), y = b.whole();
  if (y == 0) memory.fail("integer modulo by zero");
  if (y == -1) return Value::of_integer(0);
  const std::int64_t rest = x % y;
  return Value::of_integer(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest);
}

inline double real_power(Memory& memory, double a, double b) {
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && std::floor(b) != b)
    memory.fail("complex numbers are not supported");
  const double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b))
    memory.fail("(34, 'Numerical result out of range')");
  return result;
}

MOE_INLINE Value power(Memory& memory, const Value& a, const Value& b) {
  require_numbers(memory, "** or pow()", a, b);
  if (!both_whole(a, b) || b.whole() < 0) {
    if (as_real(a) == 0 && as_real(b) < 0) memory.fail("0.0 cannot be raised to a negative power");
    return Value::of_real(real_power(memory, as_real(a), as_real(b)));
  }
  std::int64_t base = a.whole(), result = 1;
  if (base == 0 || base == 1) return Value::of_integer(b.whole() == 0 ? 1 : base);
  if (base == -1) return Value::of_integer(b.whole() % 2 == 0 ? 1 : -1);
  for (std::int64_t i = 0; i < b.whole(); ++i) result = multiply_integers(memory, result, base);
  return Value::of_integer(result);
}

MOE_INLINE std::string escape(const Value& text) {
  if (text.markup) return std::string(text.text());
  std::string out;
  for (const char c : text.text()) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '\'': out += "&#39;"; break;
      case '"': out += "&#34;"; break;
      default: out += c;
    }
  }
  return out;
}

MOE_INLINE Value escaped(Memory& memory, const Value& value) {
  if (value.markup) return value;
  const std::string text = to_text(memory, value);
  memory.work_on(text);
  memory.require_room(6 * text.size());
  Value out = memory.text(escape(Value::of_text(text)));
  out.markup = true;
  return out;
}

MOE_INLINE Value concatenate(Memory& memory, const std::vector<Value>& parts) {
  std::string out;
  const bool appends = parts.front().is_string();
  for (std::size_t i = appends ? 1 : 0; i < parts.size(); ++i) {
    const std::size_t before = out.size();
    append_text(memory, out, parts[i]);
    memory.take(out.size() - before);
  }
  return appends ? memory.appended(parts.front(), out) : memory.text(std::move(out));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
