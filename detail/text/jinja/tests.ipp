// SPDX-License-Identifier: MIT
#pragma once
#include "tests.hpp"
#include "filters.hpp"
#include "interpreter.hpp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail::jinja {

/// The one argument of a test.
inline Value test_argument(Interpreter& interpreter, const Arguments& arguments) {
  return arguments.bind(interpreter.memory(), "test", 1, {"other"})[0];
}

template <Kind kind>
bool is_of_kind(Interpreter&, const Value& value, const Arguments&) {
  return value.kind == kind;
}

template <bool wanted>
bool is_boolean(Interpreter&, const Value& value, const Arguments&) {
  return value.kind == Kind::boolean && value.boolean == wanted;
}

inline bool test_equal(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return equal(interpreter.memory(), value, test_argument(interpreter, arguments));
}
inline bool test_not_equal(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return !equal(interpreter.memory(), value, test_argument(interpreter, arguments));
}
inline bool test_less(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return compare(interpreter.memory(), value, "<", test_argument(interpreter, arguments));
}
inline bool test_greater(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return compare(interpreter.memory(), value, ">", test_argument(interpreter, arguments));
}
inline bool test_at_most(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return compare(interpreter.memory(), value, "<=", test_argument(interpreter, arguments));
}
inline bool test_at_least(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return compare(interpreter.memory(), value, ">=", test_argument(interpreter, arguments));
}
inline bool test_in(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return contains(interpreter.memory(), test_argument(interpreter, arguments), value);
}

inline bool test_defined(Interpreter&, const Value& value, const Arguments&) { return !value.is_undefined(); }
inline bool test_number(Interpreter&, const Value& value, const Arguments&) { return value.is_number(); }
inline bool test_integer(Interpreter&, const Value& value, const Arguments&) {
  return value.kind == Kind::integer || value.kind == Kind::big_integer;
}
inline bool test_any_boolean(Interpreter&, const Value& value, const Arguments&) {
  return value.kind == Kind::boolean;
}
inline bool test_callable(Interpreter&, const Value& value, const Arguments&) {
  using Type = Callable::Type;
  if (value.kind == Kind::callable)
    return value.callable->type != Type::cycler && value.callable->type != Type::self;
  return value.kind == Kind::loop || value.is_undefined();
}
inline bool test_sequence(Interpreter&, const Value& value, const Arguments&) {
  switch (value.kind) {
    case Kind::string:
    case Kind::list:
    case Kind::tuple:
    case Kind::range:
    case Kind::dict:
    case Kind::undefined: return true;
    default: return false;
  }
}
inline bool test_iterable(Interpreter&, const Value& value, const Arguments&) {
  return value.is_string() || value.has_list() || value.is_dict() || value.is_undefined() ||
         value.kind == Kind::loop;
}
inline bool test_escaped(Interpreter&, const Value& value, const Arguments&) { return value.markup; }

inline bool test_same_as(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Value other = test_argument(interpreter, arguments);
  if (value.kind != other.kind) return false;
  const bool plain = value.is_number() || value.is_string() || value.is_none();
  return plain ? equal(interpreter.memory(), value, other) : value.list == other.list;
}

inline bool test_case(Interpreter& interpreter, const Value& value, std::string_view method) {
  const std::string text = to_text(interpreter.memory(), value);
  interpreter.memory().work_on(text);
  return *is_of_class(text, method);
}
inline bool test_lower(Interpreter& interpreter, const Value& value, const Arguments&) {
  return test_case(interpreter, value, "islower");
}
inline bool test_upper(Interpreter& interpreter, const Value& value, const Arguments&) {
  return test_case(interpreter, value, "isupper");
}

/// value % divisor == rest
inline bool has_rest(Interpreter& interpreter, const Value& value, const Value& divisor, std::int64_t rest) {
  return equal(interpreter.memory(), modulo(interpreter.memory(), value, divisor), Value::of_integer(rest));
}
inline bool test_even(Interpreter& interpreter, const Value& value, const Arguments&) {
  return has_rest(interpreter, value, Value::of_integer(2), 0);
}
inline bool test_odd(Interpreter& interpreter, const Value& value, const Arguments&) {
  return has_rest(interpreter, value, Value::of_integer(2), 1);
}
inline bool test_divisible(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return has_rest(interpreter, value, test_argument(interpreter, arguments), 0);
}
inline bool test_is_filter(Interpreter& interpreter, const Value& value, const Arguments&) {
  require_hashable(interpreter.memory(), value);
  return value.is_string() && find_filter(value.text());
}
inline bool test_is_test(Interpreter& interpreter, const Value& value, const Arguments&) {
  require_hashable(interpreter.memory(), value);
  return value.is_string() && find_test(value.text());
}

inline constexpr Test tests[] = {
    {"!=", test_not_equal},
    {"<", test_less},
    {"<=", test_at_most},
    {"==", test_equal},
    {">", test_greater},
    {">=", test_at_least},
    {"boolean", test_any_boolean, false},
    {"callable", test_callable, false},
    {"defined", test_defined, false},
    {"divisibleby", test_divisible},
    {"eq", test_equal},
    {"equalto", test_equal},
    {"escaped", test_escaped, false},
    {"even", test_even, false},
    {"false", is_boolean<false>, false},
    {"filter", test_is_filter, false},
    {"float", is_of_kind<Kind::real>, false},
    {"ge", test_at_least},
    {"greaterthan", test_greater},
    {"gt", test_greater},
    {"in", test_in},
    {"integer", test_integer, false},
    {"iterable", test_iterable, false},
    {"le", test_at_most},
    {"lessthan", test_less},
    {"lower", test_lower, false},
    {"lt", test_less},
    {"mapping", is_of_kind<Kind::dict>, false},
    {"ne", test_not_equal},
    {"none", is_of_kind<Kind::none>, false},
    {"number", test_number, false},
    {"odd", test_odd, false},
    {"sameas", test_same_as},
    {"sequence", test_sequence, false},
    {"string", is_of_kind<Kind::string>, false},
    {"test", test_is_test, false},
    {"true", is_boolean<true>, false},
    {"undefined", is_of_kind<Kind::undefined>, false},
    {"upper", test_upper, false},
};

MOE_INLINE bool Test::apply(Interpreter& interpreter, const Value& value, const Arguments& arguments) const {
  interpreter.memory().work(1);
  if (!parameters) arguments.bind(interpreter.memory(), name, 0, {});
  return function(interpreter, value, arguments);
}

MOE_INLINE const Test* find_test(std::string_view name) {
  const auto found =
      std::lower_bound(std::begin(tests), std::end(tests), name,
                       [](const Test& test, std::string_view wanted) { return test.name < wanted; });
  return found != std::end(tests) && found->name == name ? found : nullptr;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
