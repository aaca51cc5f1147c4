// SPDX-License-Identifier: MIT
#pragma once
#include "operators.hpp"
#include "../../core/concat.hpp"
#include "../../core/decimal.hpp"

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstddef>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE double as_real(const Value& value) {
  if (value.kind == Kind::real) return value.real;
  if (value.is_integral()) return static_cast<double>(value.whole());
  return parse_double(value.text()).value_or(value.text().front() == '-' ? -HUGE_VAL : HUGE_VAL);
}

inline bool equal_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.whole() == b.whole();
  if (a.kind == Kind::big_integer && b.kind == Kind::big_integer) return a.text() == b.text();
  if (a.kind == Kind::real || b.kind == Kind::real) return as_real(a) == as_real(b);
  return false;
}

inline bool less_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.whole() < b.whole();
  if (a.kind == Kind::big_integer && b.kind == Kind::big_integer) {
    const bool negative = a.text().front() == '-', other = b.text().front() == '-';
    if (negative != other) return negative;
    const bool shorter = a.size != b.size ? a.size < b.size : a.text() < b.text();
    return shorter != negative && a.text() != b.text();
  }
  return as_real(a) < as_real(b);
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

MOE_INLINE bool equal(Memory& memory, const Value& a, const Value& b) {
  const Nested nested(memory);
  memory.work(1);
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
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

inline std::partial_ordering order_of_numbers(const Value& a, const Value& b) {
  if (equal_numbers(a, b)) return std::partial_ordering::equivalent;
  if (less_numbers(a, b)) return std::partial_ordering::less;
  return less_numbers(b, a) ? std::partial_ordering::greater : std::partial_ordering::unordered;
}

MOE_INLINE bool compare(Memory& memory, const Value& a, std::string_view sign, const Value& b) {
  const Nested nested(memory);
  memory.work(1);
  require_defined(memory, a);
  require_defined(memory, b);
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
