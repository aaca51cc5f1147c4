// SPDX-License-Identifier: MIT
#pragma once
#include "operators.hpp"
#include "../../core/concat.hpp"
#include "../../core/decimal.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE double as_real(const Value& value) {
  if (value.kind == Kind::real) return value.real;
  if (value.is_integral()) return static_cast<double>(value.whole());
  return parse_double(value.text()).value_or(value.text().front() == '-' ? -HUGE_VAL : HUGE_VAL);
}

/// The order of two whole numbers in decimal digits, with a minus sign or none and without leading zeros.
inline std::strong_ordering order_of_digits(std::string_view a, std::string_view b) {
  const bool negative = a.starts_with('-');
  if (negative != b.starts_with('-'))
    return negative ? std::strong_ordering::less : std::strong_ordering::greater;
  const std::strong_ordering order = a.size() != b.size() ? a.size() <=> b.size() : a.compare(b) <=> 0;
  return negative ? 0 <=> order : order;
}

/// The order of a whole number and a real number. Neither number is rounded.
inline std::partial_ordering order_to_real(const Value& whole, double real) {
  if (std::isnan(real)) return std::partial_ordering::unordered;
  constexpr double two_to_63 = 9223372036854775808.0;
  const bool big = whole.kind == Kind::big_integer, large = real >= two_to_63 || real < -two_to_63;
  if (!big && !large) {
    const auto truncated = static_cast<std::int64_t>(real);
    return whole.whole() != truncated ? std::partial_ordering(whole.whole() <=> truncated)
                                      : static_cast<double>(truncated) <=> real;
  }
  if (big && large && std::isfinite(real)) return order_of_digits(whole.text(), whole_digits(real));
  // The number that is farther from 0 decides: the real number if it is beyond 64 bits, else the whole number.
  const bool less = large ? real > 0 : whole.text().starts_with('-');
  return less ? std::partial_ordering::less : std::partial_ordering::greater;
}

inline std::partial_ordering order_of_numbers(const Value& a, const Value& b) {
  if (a.kind == Kind::real) return b.kind == Kind::real ? a.real <=> b.real : 0 <=> order_to_real(b, a.real);
  if (b.kind == Kind::real) return order_to_real(a, b.real);
  if (a.is_integral() && b.is_integral()) return a.whole() <=> b.whole();
  if (a.kind == b.kind) return order_of_digits(a.text(), b.text());
  // One of the numbers is beyond 64 bits, and so farther from 0 than the other.
  const bool less = a.kind == Kind::big_integer ? a.text().starts_with('-') : !b.text().starts_with('-');
  return less ? std::partial_ordering::less : std::partial_ordering::greater;
}

inline bool equal_dicts(Memory& memory, const Dict& a, const Value& b) {
  if (a.items.size() != b.dict->items.size()) return false;
  for (const auto& [key, value] : a.items) {
    memory.work(16);                                             // comparisons of keys
    if (key.kind == Kind::tuple) require_hashable(memory, key);  // counts a step for each element of the key
    const Value* const other = find_key(memory, b, key);
    if (!other || !equal(memory, value, *other)) return false;
  }
  return true;
}

MOE_INLINE void require_few_digits(Memory& memory, std::size_t digits) {
  if (digits > most_digits)
    memory.fail(concat("Exceeds the limit (", most_digits,
                       " digits) for integer string conversion: value has ", digits, " digits"));
}

MOE_INLINE void work_on_number(Memory& memory, const Value& number) {
  if (number.kind == Kind::big_integer) memory.work(number.size / 64);
}

MOE_INLINE bool equal(Memory& memory, const Value& a, const Value& b) {
  const Nested nested(memory);
  memory.work(1);
  work_on_number(memory, a);
  work_on_number(memory, b);
  if (a.is_number() && b.is_number()) return order_of_numbers(a, b) == 0;
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::undefined:
    case Kind::none: return true;
    case Kind::string: memory.work(std::min(a.size, b.size) / 64); return a.text() == b.text();
    case Kind::list:
    case Kind::tuple: {
      const std::vector<Value>&x = a.list->items, &y = b.list->items;
      if (x.size() != y.size()) return false;
      for (std::size_t i = 0; i < x.size(); ++i)
        if (!equal(memory, x[i], y[i])) return false;
      return true;
    }
    case Kind::range: {
      const Range &x = a.list->range, &y = b.list->range;
      return x.count == y.count &&
             (x.count == 0 || (x.first == y.first && (x.count == 1 || x.step == y.step)));
    }
    case Kind::dict: return equal_dicts(memory, *a.dict, b);
    default: return a.list == b.list;  // the same object
  }
}

/// Whether `order`, a result of operator <=>, agrees with the sign of a comparison.
inline bool holds(std::partial_ordering order, std::string_view sign) {
  if (sign == "<") return order < 0;
  if (sign == "<=") return order <= 0;
  return sign == ">" ? order > 0 : order >= 0;
}

MOE_INLINE bool compare(Memory& memory, const Value& a, std::string_view sign, const Value& b) {
  const Nested nested(memory);
  memory.work(1);
  require_defined(memory, a);
  require_defined(memory, b);
  work_on_number(memory, a);
  work_on_number(memory, b);
  if (a.is_number() && b.is_number()) return holds(order_of_numbers(a, b), sign);
  if (a.is_string() && b.is_string()) {
    memory.work(std::min(a.size, b.size) / 64);
    return holds(a.text().compare(b.text()) <=> 0, sign);
  }
  if (a.kind == b.kind && (a.kind == Kind::list || a.kind == Kind::tuple)) {
    const std::vector<Value>&x = a.list->items, &y = b.list->items;
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (!equal(memory, x[i], y[i])) return compare(memory, x[i], sign, y[i]);
    return holds(x.size() <=> y.size(), sign);
  }
  memory.fail(concat("'", sign, "' not supported between instances of '", type_name(a), "' and '",
                     type_name(b), "'"));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
