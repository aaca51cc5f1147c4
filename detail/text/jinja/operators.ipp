#pragma once
#include "operators.hpp"
#include "../../core/concat.hpp"
#include "../../io/json_parser.hpp"
#include "format.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE std::string_view type_name(const Value& value) {
  switch (value.kind) {
    case Kind::undefined: return "Undefined";
    case Kind::none: return "NoneType";
    case Kind::boolean: return "bool";
    case Kind::integer:
    case Kind::big_integer: return "int";
    case Kind::real: return "float";
    case Kind::string: return value.markup ? "Markup" : "str";
    case Kind::list:
    case Kind::tuple:
    case Kind::view:
    case Kind::range:
    case Kind::iterator: return value.list->name;
    case Kind::dict: return "dict";
    case Kind::name_space: return "Namespace";
    case Kind::loop: return "LoopContext";
    case Kind::callable: break;
  }
  switch (value.callable->type) {
    case Callable::Type::macro: return "Macro";
    case Callable::Type::cycler: return "Cycler";
    case Callable::Type::joiner: return "Joiner";
    case Callable::Type::method: return "builtin_function_or_method";
    case Callable::Type::function: return "function";
  }
  return "object";
}

/// As Jinja names the type of an object in messages about missing attributes.
inline std::string object_name(const Value& value) {
  if (value.is_none()) return "'None'";
  const std::string_view name = type_name(value);
  const std::string_view module = name == "Namespace" || name == "Cycler" || name == "Joiner" ? "jinja2.utils."
                                  : name == "LoopContext" || name == "Macro"                  ? "jinja2.runtime."
                                  : name == "Markup"                                          ? "markupsafe."
                                                                                              : "";
  return concat('\'', module, name, " object'");
}

MOE_INLINE void fail_undefined(Memory& memory, const Value& value) {
  memory.fail(value.missing ? value.missing->message : "the value is undefined");
}

inline void require_defined(Memory& memory, const Value& value) {
  if (value.is_undefined()) fail_undefined(memory, value);
}

MOE_INLINE bool is_true(const Value& value) {
  switch (value.kind) {
    case Kind::undefined:
    case Kind::none: return false;
    case Kind::boolean: return value.boolean;
    case Kind::integer: return value.integer != 0;
    case Kind::real: return value.real != 0;
    case Kind::string: return value.size > 0;
    case Kind::list:
    case Kind::tuple:
    case Kind::view:
    case Kind::range: return !value.list->items.empty();
    case Kind::dict: return !value.dict->items.empty();
    default: return true;
  }
}

// ---- str and repr

inline std::string integer_text(std::int64_t number) { return concat(static_cast<long long>(number)); }

inline void append_items(Memory& memory, std::string& out, const std::vector<Value>& items) {
  bool first = true;
  for (const Value& item : items) {
    if (!first) out += ", ";
    first = false;
    append_repr(memory, out, item);
  }
}

inline void append_members(Memory& memory, std::string& out, const Dict& dict) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : dict.items) {
    if (!first) out += ", ";
    first = false;
    append_repr(memory, out, key);
    out += ": ";
    append_repr(memory, out, value);
  }
  out += '}';
}

inline void append_list(Memory& memory, std::string& out, const Value& value) {
  const std::vector<Value>& items = value.list->items;
  switch (value.kind) {
    case Kind::list:
      out += '[';
      append_items(memory, out, items);
      out += ']';
      return;
    case Kind::tuple:
      out += '(';
      append_items(memory, out, items);
      out += items.size() == 1 ? ",)" : ")";
      return;
    case Kind::view:
      out += concat(value.list->name, "([");
      append_items(memory, out, items);
      out += "])";
      return;
    case Kind::range: {
      const std::int64_t first = items.empty() ? 0 : items.front().integer;
      const std::int64_t step = items.size() < 2 ? 1 : items[1].integer - first;
      const std::int64_t end = items.empty() ? 0 : items.back().integer + step;
      out += concat("range(", static_cast<long long>(first), ", ", static_cast<long long>(end));
      out += step == 1 ? ")" : concat(", ", static_cast<long long>(step), ')');
      return;
    }
    default: out += concat('<', value.list->name, " object>");
  }
}

MOE_INLINE void append_repr(Memory& memory, std::string& out, const Value& value) {
  const Nested nested(memory);
  memory.work(1);
  if (out.size() > (std::size_t{1} << 30)) memory.fail("a text becomes too long");
  switch (value.kind) {
    case Kind::undefined: out += "Undefined"; return;
    case Kind::none: out += "None"; return;
    case Kind::boolean: out += value.boolean ? "True" : "False"; return;
    case Kind::integer: out += integer_text(value.integer); return;
    case Kind::big_integer: out += value.text(); return;
    case Kind::real: out += repr_real(value.real); return;
    case Kind::string:
      memory.take(value.size);
      out += value.markup ? concat("Markup(", repr_text(value.text()), ')') : repr_text(value.text());
      return;
    case Kind::dict: append_members(memory, out, *value.dict); return;
    case Kind::name_space:
      out += "<Namespace ";
      append_members(memory, out, *value.dict);
      out += '>';
      return;
    case Kind::callable: out += concat('<', type_name(value), " '", value.callable->name, "'>"); return;
    case Kind::loop:
      out += concat("<LoopContext ", value.loop->index + 1, '/', value.loop->items->size(), '>');
      return;
    default: append_list(memory, out, value);
  }
}

MOE_INLINE void append_text(Memory& memory, std::string& out, const Value& value) {
  if (value.is_string()) {
    out += value.text();
  } else if (!value.is_undefined()) {
    append_repr(memory, out, value);
  }
}

MOE_INLINE std::string to_text(Memory& memory, const Value& value) {
  std::string out;
  append_text(memory, out, value);
  return out;
}

// ---- Comparison

inline double as_real(const Value& value) {
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
    const Value* const other = find_key(b, key);
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
    case Kind::string:
      memory.work(std::min(a.size, b.size) / 64);
      return a.text() == b.text();
    case Kind::list:
    case Kind::tuple:
    case Kind::range: {
      const std::vector<Value>&x = a.list->items, &y = b.list->items;
      if (x.size() != y.size()) return false;
      for (std::size_t i = 0; i < x.size(); ++i)
        if (!equal(memory, x[i], y[i])) return false;
      return true;
    }
    case Kind::dict: return equal_dicts(memory, *a.dict, b);
    default: return a.list == b.list;  // the same object
  }
}

MOE_INLINE bool less(Memory& memory, const Value& a, const Value& b, std::string_view sign) {
  const Nested nested(memory);
  memory.work(1);
  require_defined(memory, a);
  require_defined(memory, b);
  if (a.is_number() && b.is_number()) return less_numbers(a, b);
  if (a.is_string() && b.is_string()) {
    memory.work(std::min(a.size, b.size) / 64);
    return a.text() < b.text();
  }
  if (a.kind == b.kind && (a.kind == Kind::list || a.kind == Kind::tuple)) {
    const std::vector<Value>&x = a.list->items, &y = b.list->items;
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (!equal(memory, x[i], y[i])) return less(memory, x[i], y[i], sign);
    return x.size() < y.size();
  }
  memory.fail(concat("'", sign, "' not supported between instances of '", type_name(a), "' and '",
                     type_name(b), "'"));
}

inline int key_rank(const Value& value) {
  if (value.is_none() || value.is_undefined()) return 0;
  if (value.kind == Kind::big_integer) return 2;
  if (value.kind == Kind::real && std::isnan(value.real)) return 6;  // has no order among numbers
  if (value.is_number()) return 1;
  return value.is_string() ? 3 : value.kind == Kind::tuple ? 4 : 5;
}

MOE_INLINE bool key_less(const Value& a, const Value& b) {
  const int rank = key_rank(a), other = key_rank(b);
  if (rank != other) return rank < other;
  switch (rank) {
    case 0: return a.kind < b.kind;
    case 1: return less_numbers(a, b);
    case 2:
    case 3: return a.text() < b.text();
    case 4:
      return std::lexicographical_compare(a.list->items.begin(), a.list->items.end(), b.list->items.begin(),
                                          b.list->items.end(), key_less);
    case 5: return std::less<const void*>()(a.list, b.list);
    default: return false;
  }
}

MOE_INLINE void require_hashable(Memory& memory, const Value& value) {
  const Nested nested(memory);
  if (value.kind == Kind::list || value.kind == Kind::dict)
    memory.fail(concat("unhashable type: '", type_name(value), '\''));
  if (value.kind == Kind::tuple)
    for (const Value& item : value.list->items) require_hashable(memory, item);
}

MOE_INLINE const Value* find_key(const Value& dict, const Value& key) {
  const Dict& in = *dict.dict;
  if (dict.kind == Kind::name_space) return key.is_string() ? find_key(dict, key.text()) : nullptr;
  const auto found = std::lower_bound(
      in.order.begin(), in.order.end(), key,
      [&](std::uint32_t i, const Value& wanted) { return key_less(in.items[i].first, wanted); });
  if (found == in.order.end() || key_less(key, in.items[*found].first)) return nullptr;
  return &in.items[*found].second;
}

MOE_INLINE const Value* find_key(const Value& dict, std::string_view key) {
  if (dict.kind == Kind::dict) return find_key(dict, Value::of_text(key));
  for (const auto& [name, value] : dict.dict->items)
    if (name.text() == key) return &value;
  return nullptr;
}

MOE_INLINE Value make_dict(Memory& memory, std::vector<std::pair<Value, Value>> items) {
  memory.work(items.size());
  for (const auto& [key, value] : items) require_hashable(memory, key);
  std::vector<std::uint32_t> order(items.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  const auto by_key = [&](std::uint32_t a, std::uint32_t b) {
    return key_less(items[a].first, items[b].first);
  };
  std::stable_sort(order.begin(), order.end(), by_key);
  constexpr std::uint32_t repeated = UINT32_MAX;
  std::vector<std::uint32_t> places(items.size());
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (by_key(order[i - 1], order[i])) continue;
    items[order[i - 1]].second = items[order[i]].second;
    places[order[i]] = repeated;
    order[i] = order[i - 1];
  }
  Dict dict;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (places[i] == repeated) continue;
    places[i] = static_cast<std::uint32_t>(dict.items.size());
    dict.items.push_back(items[i]);
  }
  for (std::size_t i = 0; i < order.size(); ++i)
    if (i == 0 || order[i] != order[i - 1]) dict.order.push_back(places[order[i]]);
  return memory.dict(std::move(dict), Kind::dict);
}

MOE_INLINE Value make_name_space(Memory& memory, std::vector<std::pair<Value, Value>> items) {
  Dict members = *make_dict(memory, std::move(items)).dict;
  members.order.clear();
  return memory.dict(std::move(members), Kind::name_space);
}

MOE_INLINE bool contains(Memory& memory, const Value& container, const Value& item) {
  if (container.is_undefined()) return false;
  if (container.is_string()) {
    if (item.is_undefined()) memory.fail("'in <string>' requires string as left operand, not Undefined");
    if (!item.is_string())
      memory.fail(concat("'in <string>' requires string as left operand, not ", type_name(item)));
    memory.work(container.size / 64);
    return find_text(container.text(), item.text()) != std::string_view::npos;
  }
  if (container.is_dict()) {
    require_hashable(memory, item);
    return find_key(container, item) != nullptr;
  }
  if (!container.has_list())
    memory.fail(concat("argument of type '", type_name(container), "' is not iterable"));
  const std::vector<Value> items = iterate(memory, container);
  return std::any_of(items.begin(), items.end(), [&](const Value& each) { return equal(memory, each, item); });
}

// ---- Containers

MOE_INLINE std::vector<Value> iterate(Memory& memory, const Value& value) {
  std::vector<Value> items;
  if (value.is_undefined()) return items;
  if (value.is_string()) {
    const std::vector<std::size_t> offsets = code_point_offsets(value.text());
    memory.take(offsets.size() * sizeof(Value));
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
      items.push_back(Value::of_text(value.text().substr(offsets[i], offsets[i + 1] - offsets[i])));
  } else if (value.is_dict()) {
    for (const auto& [key, member] : value.dict->items) items.push_back(key);
  } else if (value.kind == Kind::iterator) {
    if (!value.list->read) items = value.list->items;
    value.list->read = true;
  } else if (value.has_list()) {
    items = value.list->items;
  } else {
    memory.fail(concat('\'', type_name(value), "' object is not iterable"));
  }
  memory.take(items.size() * sizeof(Value));
  return items;
}

MOE_INLINE std::size_t length(Memory& memory, const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_string()) {
    memory.work(value.size / 64);
    return count_code_points(value.text());
  }
  if (value.is_dict()) return value.dict->items.size();
  if (value.kind == Kind::loop) return value.loop->items->size();
  if (value.has_list() && value.kind != Kind::iterator) return value.list->items.size();
  memory.fail(concat("object of type '", type_name(value), "' has no len()"));
}

// ---- Arithmetic

[[noreturn]] inline void refuse_operands(Memory& memory, std::string_view sign, const Value& a, const Value& b) {
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
  const auto product = static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  if (lowest || product / b != a) refuse_large(memory);
  return product;
}

inline Value add_texts(Memory& memory, const Value& a, const Value& b) {
  const bool markup = a.markup || b.markup;
  memory.take(a.size + b.size);
  Value sum = markup ? memory.text(escape(a) + escape(b)) : memory.text(concat(a.text(), b.text()));
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
      memory.fail(concat("can only concatenate ", type_name(a), " (not \"", type_name(b), "\") to ",
                         type_name(a)));
    std::vector<Value> items = a.list->items;
    items.insert(items.end(), b.list->items.begin(), b.list->items.end());
    return memory.list(std::move(items), a.kind, type_name(a));
  }
  require_numbers(memory, "+", a, b);
  if (both_whole(a, b)) return Value::of_integer(add_integers(memory, a.whole(), b.whole()));
  return Value::of_real(as_real(a) + as_real(b));
}

MOE_INLINE Value negate(Memory& memory, const Value& value) {
  require_defined(memory, value);
  if (!value.is_number()) memory.fail(concat("bad operand type for unary -: '", type_name(value), '\''));
  if (value.kind == Kind::real) return Value::of_real(-value.real);
  if (value.kind == Kind::big_integer || value.whole() == least_integer) refuse_large(memory);
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
  return memory.list(std::move(items), sequence.kind, type_name(sequence));
}

MOE_INLINE Value multiply(Memory& memory, const Value& a, const Value& b) {
  const auto is_sequence = [](const Value& value) {
    return value.is_string() || value.kind == Kind::list || value.kind == Kind::tuple;
  };
  if (is_sequence(a) && b.is_integral()) return repeat(memory, a, b.whole());
  if (is_sequence(b) && a.is_integral()) return repeat(memory, b, a.whole());
  require_defined(memory, a);
  require_defined(memory, b);
  if (is_sequence(a) || is_sequence(b))
    memory.fail(concat("can't multiply sequence by non-int of type '", type_name(is_sequence(a) ? b : a), '\''));
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
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

MOE_INLINE Value floor_divide(Memory& memory, const Value& a, const Value& b) {
  require_numbers(memory, "//", a, b);
  if (!both_whole(a, b)) {
    if (as_real(b) == 0) memory.fail("float floor division by zero");
    return Value::of_real(std::floor(as_real(a) / as_real(b)));
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

MOE_INLINE Value power(Memory& memory, const Value& a, const Value& b) {
  require_numbers(memory, "** or pow()", a, b);
  if (!both_whole(a, b) || b.whole() < 0) {
    if (as_real(a) == 0 && as_real(b) < 0) memory.fail("0.0 cannot be raised to a negative power");
    return Value::of_real(std::pow(as_real(a), as_real(b)));
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

MOE_INLINE Value concatenate(Memory& memory, const std::vector<Value>& parts) {
  std::string out;
  for (const Value& part : parts) {
    const std::size_t before = out.size();
    append_text(memory, out, part);
    memory.take(out.size() - before);
  }
  return memory.text(std::move(out));
}

// ---- Attributes and elements

inline constexpr std::string_view text_methods[] = {
    "upper",      "lower",      "title",      "capitalize", "swapcase",    "casefold",   "strip",     "lstrip",
    "rstrip",     "split",      "rsplit",     "splitlines", "join",        "replace",    "startswith", "endswith",
    "find",       "rfind",      "index",      "rindex",     "count",       "partition",  "rpartition", "removeprefix",
    "removesuffix", "zfill",    "ljust",      "rjust",      "center",      "format",     "isalpha",   "isalnum",
    "isnumeric",  "isdigit",    "isdecimal",  "isspace",    "isascii",     "isupper",    "islower",   "istitle",
    "isidentifier", "isprintable", "expandtabs",
};
inline constexpr std::string_view dict_methods[] = {"get", "items", "keys", "values", "copy"};
inline constexpr std::string_view list_methods[] = {"index", "count", "copy"};
inline constexpr std::string_view tuple_methods[] = {"index", "count"};
inline constexpr std::string_view real_methods[] = {"is_integer"};
inline constexpr std::string_view cycler_methods[] = {"next", "reset"};
inline constexpr std::string_view loop_methods[] = {"cycle", "changed"};
// Methods that change their object, which the sandbox refuses.
inline constexpr std::string_view unsafe_dict_methods[] = {"clear", "pop", "popitem", "setdefault", "update"};
inline constexpr std::string_view unsafe_list_methods[] = {"append",  "clear", "pop",    "reverse",
                                                           "insert",  "sort",  "extend", "remove"};

template <class Names>
bool is_in(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

inline bool has_method(const Value& object, std::string_view name) {
  switch (object.kind) {
    case Kind::string: return is_in(text_methods, name);
    case Kind::dict: return is_in(dict_methods, name);
    case Kind::list: return is_in(list_methods, name);
    case Kind::range:
    case Kind::tuple: return is_in(tuple_methods, name);
    case Kind::real: return is_in(real_methods, name);
    case Kind::loop: return is_in(loop_methods, name);
    case Kind::callable: return object.callable->type == Callable::Type::cycler && is_in(cycler_methods, name);
    default: return false;
  }
}

inline bool is_unsafe(const Value& object, std::string_view name) {
  if (object.is_dict() && is_in(unsafe_dict_methods, name)) return true;
  if (object.kind == Kind::list && is_in(unsafe_list_methods, name)) return true;
  return name.size() > 4 && name.starts_with("__") && name.ends_with("__");
}

inline Value no_attribute(Memory& memory, const Value& object, std::string_view name) {
  return memory.missing(concat(object_name(object), " has no attribute ", repr_text(name)));
}

inline Value loop_neighbour(Memory& memory, const Loop& loop, bool next) {
  if (!next && loop.index == 0) return memory.missing("there is no previous item");
  if (next && loop.index + 1 >= loop.items->size()) return memory.missing("there is no next item");
  return (*loop.items)[next ? loop.index + 1 : loop.index - 1];
}

/// An attribute of the variable `loop`; undefined if there is none.
inline Value loop_attribute(Memory& memory, const Value& object, std::string_view name) {
  const Loop& loop = *object.loop;
  const std::size_t count = loop.items->size();
  if (name == "index") return Value::of_size(loop.index + 1);
  if (name == "index0") return Value::of_size(loop.index);
  if (name == "revindex") return Value::of_size(count - loop.index);
  if (name == "revindex0") return Value::of_size(count - loop.index - 1);
  if (name == "first") return Value::of_boolean(loop.index == 0);
  if (name == "last") return Value::of_boolean(loop.index + 1 == count);
  if (name == "length") return Value::of_size(count);
  if (name == "depth") return Value::of_size(loop.depth + 1);
  if (name == "depth0") return Value::of_size(loop.depth);
  if (name == "previtem" || name == "nextitem") return loop_neighbour(memory, loop, name == "nextitem");
  return no_attribute(memory, object, name);
}

/// An attribute in the sense of Python's getattr(), or null.
inline bool find_attribute(Memory& memory, const Value& object, std::string_view name, Value& out) {
  if (is_unsafe(object, name)) {
    out = memory.missing(concat("access to attribute ", repr_text(name), " of '", type_name(object),
                                "' object is unsafe."));
    return true;
  }
  if (has_method(object, name)) {
    out = memory.callable({.type = Callable::Type::method, .name = name, .self = object});
    return true;
  }
  if (object.kind == Kind::name_space) {
    const Value* const member = find_key(object, name);
    if (member) out = *member;
    return member != nullptr;
  }
  if (object.kind == Kind::callable && object.callable->type == Callable::Type::cycler && name == "current") {
    out = object.callable->items[object.callable->at % object.callable->items.size()];
    return true;
  }
  if (object.kind == Kind::callable && object.callable->type == Callable::Type::macro && name == "name") {
    out = Value::of_text(object.callable->name);
    return true;
  }
  return false;
}

MOE_INLINE Value get_attribute(Memory& memory, const Value& object, std::string_view name) {
  require_defined(memory, object);
  Value out;
  if (object.kind == Kind::loop && !has_method(object, name)) return loop_attribute(memory, object, name);
  if (find_attribute(memory, object, name, out)) return out;
  if (object.is_dict())
    if (const Value* const member = find_key(object, name)) return *member;
  return no_attribute(memory, object, name);
}

/// The index of an element, counted from the end if negative; `count` if there is none.
inline std::size_t index_of(const Value& key, std::size_t count) {
  const std::int64_t index = key.whole();
  const auto signed_count = static_cast<std::int64_t>(count);
  const std::int64_t from_begin = index < 0 ? index + signed_count : index;
  return from_begin < 0 || from_begin >= signed_count ? count : static_cast<std::size_t>(from_begin);
}

inline bool find_element(Memory& memory, const Value& object, const Value& key, Value& out) {
  if (object.is_dict()) {
    if (key.kind == Kind::list || key.is_dict()) return false;
    const Value* const member = find_key(object, key);
    if (member) out = *member;
    return member != nullptr;
  }
  if (!key.is_integral()) return false;
  if (object.is_string()) {
    memory.work(object.size / 16);
    const std::vector<std::size_t> offsets = code_point_offsets(object.text());
    const std::size_t index = index_of(key, offsets.size() - 1);
    if (index + 1 == offsets.size()) return false;
    out = Value::of_text(object.text().substr(offsets[index], offsets[index + 1] - offsets[index]));
    out.markup = object.markup;
    return true;
  }
  if (object.kind != Kind::list && object.kind != Kind::tuple && object.kind != Kind::range) return false;
  const std::size_t index = index_of(key, object.list->items.size());
  if (index == object.list->items.size()) return false;
  out = object.list->items[index];
  return true;
}

MOE_INLINE Value get_item(Memory& memory, const Value& object, const Value& key) {
  require_defined(memory, object);
  Value out;
  if (find_element(memory, object, key, out)) return out;
  if (key.is_string()) {
    if (object.kind == Kind::loop) return get_attribute(memory, object, key.text());
    if (find_attribute(memory, object, key.text(), out)) return out;
    return no_attribute(memory, object, key.text());
  }
  std::string message = concat(object_name(object), " has no element ");
  append_repr(memory, message, key);
  return memory.missing(std::move(message));
}

/// A bound of a slice, from 0 to `count`, or from -1 to `count` - 1 if the slice goes backwards.
inline std::int64_t slice_bound(Memory& memory, const Value& bound, std::int64_t count, bool backwards,
                                std::int64_t otherwise) {
  if (bound.is_none()) return otherwise;
  if (!bound.is_integral())
    memory.fail("slice indices must be integers or None or have an __index__ method");
  const std::int64_t at = bound.whole() < 0 ? std::max(bound.whole(), -count - 1) + count : bound.whole();
  return backwards ? std::clamp<std::int64_t>(at, -1, count - 1) : std::clamp<std::int64_t>(at, 0, count);
}

/// The indices that a slice selects.
inline std::vector<std::size_t> slice_indices(Memory& memory, std::size_t size, const Value& first,
                                              const Value& last, const Value& step) {
  if (!step.is_none() && !step.is_integral())
    memory.fail("slice indices must be integers or None or have an __index__ method");
  const std::int64_t by = step.is_none() ? 1 : step.whole(), count = static_cast<std::int64_t>(size);
  if (by == 0) memory.fail("slice step cannot be zero");
  const bool backwards = by < 0;
  const std::int64_t begin = slice_bound(memory, first, count, backwards, backwards ? count - 1 : 0);
  const std::int64_t end = slice_bound(memory, last, count, backwards, backwards ? -1 : count);
  std::vector<std::size_t> out;
  memory.work(size / 4);
  const std::int64_t stride = std::clamp<std::int64_t>(by, -count - 1, count + 1);
  for (std::int64_t i = begin; backwards ? i > end : i < end; i += stride)
    out.push_back(static_cast<std::size_t>(i));
  return out;
}

MOE_INLINE Value get_slice(Memory& memory, const Value& object, const Value& first, const Value& last,
                           const Value& step) {
  require_defined(memory, object);
  if (object.is_string()) {
    const std::vector<std::size_t> offsets = code_point_offsets(object.text());
    std::string out;
    for (const std::size_t i : slice_indices(memory, offsets.size() - 1, first, last, step))
      out += object.text().substr(offsets[i], offsets[i + 1] - offsets[i]);
    Value value = memory.text(std::move(out));
    value.markup = object.markup;
    return value;
  }
  if (object.is_dict()) memory.fail("unhashable type: 'slice'");
  if (object.kind != Kind::list && object.kind != Kind::tuple && object.kind != Kind::range)
    memory.fail(concat('\'', type_name(object), "' object is not subscriptable"));
  std::vector<Value> items;
  for (const std::size_t i : slice_indices(memory, object.list->items.size(), first, last, step))
    items.push_back(object.list->items[i]);
  return memory.list(std::move(items), object.kind, type_name(object));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
