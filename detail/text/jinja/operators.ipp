// SPDX-License-Identifier: MIT
#pragma once
#include "operators.hpp"
#include "../../core/concat.hpp"
#include "comparison.ipp"
#include "python_text.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// The module of a global function that is a class: `jinja2.utils.`, or empty for dict of Python. Null if the function is no
/// class.
inline const char* class_module(std::string_view function) {
  if (function == "dict") return "";
  return function == "namespace" || function == "cycler" || function == "joiner" ? "jinja2.utils." : nullptr;
}

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
    case Callable::Type::block: return "BlockReference";
    case Callable::Type::self: return "TemplateReference";
    case Callable::Type::method: return "builtin_function_or_method";
    case Callable::Type::function: return class_module(value.callable->name) ? "type" : "function";
  }
  return "object";
}

MOE_INLINE std::string object_name(const Value& value) {
  if (value.is_none()) return "'None'";
  const std::string_view name = type_name(value);
  const std::string_view module =
      name == "Namespace" || name == "Cycler" || name == "Joiner" ? "jinja2.utils."
      : name == "LoopContext" || name == "Macro" || name == "BlockReference" || name == "TemplateReference"
          ? "jinja2.runtime."
      : name == "Markup" ? "markupsafe."
                         : "";
  return concat('\'', module, name, " object'");
}

MOE_INLINE void fail_undefined(Memory& memory, const Value& value) {
  memory.fail(value.missing ? value.missing->message : "the value is undefined");
}

MOE_INLINE void require_defined(Memory& memory, const Value& value) {
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
    case Kind::range: return element_count(value) > 0;
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
      const Range& range = value.list->range;
      out += concat("range(", integer_text(range.first), ", ", integer_text(range.last));
      out += range.step == 1 ? ")" : concat(", ", integer_text(range.step), ')');
      return;
    }
    default: out += concat('<', value.list->name, " object>");
  }
}

inline void append_callable(std::string& out, const Callable& callable, std::string_view type) {
  const char* const module =
      callable.type == Callable::Type::function ? class_module(callable.name) : nullptr;
  if (callable.type == Callable::Type::self) {
    out += "<TemplateReference None>";
  } else if (callable.type == Callable::Type::macro && callable.name.empty()) {
    out += "<Macro anonymous>";
  } else if (!module) {
    out += concat('<', type, " '", callable.name, "'>");
  } else if (*module == '\0') {
    out += concat("<class '", callable.name, "'>");
  } else {
    out += concat("<class '", module, upper(callable.name.substr(0, 1)), callable.name.substr(1), "'>");
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
    case Kind::big_integer:
      memory.take(value.size);
      out += value.text();
      return;
    case Kind::real: out += repr_real(value.real); return;
    case Kind::string:
      memory.take(value.size);
      memory.work(value.size / 16);
      out += value.markup ? concat("Markup(", repr_text(value.text()), ')') : repr_text(value.text());
      return;
    case Kind::dict: append_members(memory, out, *value.dict); return;
    case Kind::name_space:
      out += "<Namespace ";
      append_members(memory, out, *value.dict);
      out += '>';
      return;
    case Kind::callable: append_callable(out, *value.callable, type_name(value)); return;
    case Kind::loop:
      out += concat("<LoopContext ", value.loop->index + 1, '/', element_count(value.loop->items), '>');
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

// ---- Keys

inline int key_rank(const Value& value) {
  if (value.is_none() || value.is_undefined()) return 0;
  if (value.kind == Kind::real && std::isnan(value.real)) return 5;  // has no order among numbers
  if (value.is_number()) return 1;
  return value.is_string() ? 2 : value.kind == Kind::tuple ? 3 : 4;
}

MOE_INLINE bool key_less(const Value& a, const Value& b) {
  const int rank = key_rank(a), other = key_rank(b);
  if (rank != other) return rank < other;
  switch (rank) {
    case 0: return a.kind < b.kind;
    case 1: return order_of_numbers(a, b) < 0;
    case 2: return a.text() < b.text();
    case 3:
      return std::lexicographical_compare(a.list->items.begin(), a.list->items.end(), b.list->items.begin(),
                                          b.list->items.end(), key_less);
    case 4: return std::less<const void*>()(a.list, b.list);
    default: return false;
  }
}

MOE_INLINE void require_hashable(Memory& memory, const Value& value) {
  const Nested nested(memory);
  memory.work(1);
  const bool set = value.kind == Kind::view && value.list->name != "dict_values";
  if (value.kind == Kind::list || value.kind == Kind::dict || set)
    memory.fail(concat("unhashable type: '", type_name(value), '\''));
  if (value.kind == Kind::tuple)
    for (const Value& item : value.list->items) require_hashable(memory, item);
}

/// Counts the steps of comparing a key with other keys in a sorted sequence of `count` keys: about log2(count) comparisons,
/// each in proportion to the size of the key.
inline void work_on_key(Memory& memory, const Value& key, std::size_t count) {
  const auto comparisons = static_cast<std::size_t>(std::bit_width(count));
  if (key.is_string() || key.kind == Kind::big_integer) memory.work(key.size / 64 * comparisons);
  if (key.kind != Kind::tuple) return;
  const Nested nested(memory);
  memory.work(key.list->items.size());
  for (const Value& item : key.list->items) work_on_key(memory, item, count);
}

MOE_INLINE const Value* find_key(Memory& memory, const Value& dict, const Value& key) {
  const Dict& in = *dict.dict;
  if (dict.kind == Kind::name_space) return key.is_string() ? find_key(memory, dict, key.text()) : nullptr;
  work_on_key(memory, key, in.items.size());
  const auto found = std::lower_bound(
      in.order.begin(), in.order.end(), key,
      [&](std::uint32_t i, const Value& wanted) { return key_less(in.items[i].first, wanted); });
  if (found == in.order.end() || key_less(key, in.items[*found].first)) return nullptr;
  return &in.items[*found].second;
}

MOE_INLINE const Value* find_key(Memory& memory, const Value& dict, std::string_view key) {
  if (dict.kind == Kind::dict) return find_key(memory, dict, Value::of_text(key));
  memory.work(dict.dict->items.size() * (key.size() / 64));
  for (const auto& [name, value] : dict.dict->items)
    if (name.is_string() && name.text() == key) return &value;
  return nullptr;
}

MOE_INLINE Value make_dict(Memory& memory, std::vector<std::pair<Value, Value>> items) {
  memory.work(items.size());
  for (const auto& [key, value] : items) {
    require_hashable(memory, key);
    work_on_key(memory, key, items.size());
  }
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
    memory.work(container.size / 16);
    memory.require_room(bytes_of_search(container.text(), item.text()));
    return find_text(container.text(), item.text()) != std::string_view::npos;
  }
  if (container.is_dict()) {
    require_hashable(memory, item);
    return find_key(memory, container, item) != nullptr;
  }
  if (!container.has_list())
    memory.fail(concat("argument of type '", type_name(container), "' is not iterable"));
  const Value items = container.kind == Kind::iterator ? memory.list(iterate(memory, container)) : container;
  for (std::size_t i = 0; i < element_count(items); ++i)
    if (equal(memory, element_of(items, i), item)) return true;
  return false;
}

// ---- Containers

MOE_INLINE std::vector<std::size_t> offsets_of(Memory& memory, std::string_view text) {
  memory.require_room((text.size() + 1) * sizeof(std::size_t));
  return code_point_offsets(text);
}

MOE_INLINE std::string spaces(Memory& memory, std::int64_t count) {
  if (count <= 0) return {};
  memory.require_room(
      static_cast<std::size_t>(std::min<std::uint64_t>(static_cast<std::uint64_t>(count), SIZE_MAX)));
  return std::string(static_cast<std::size_t>(count), ' ');
}

MOE_INLINE std::vector<Value> iterate(Memory& memory, const Value& value) {
  std::vector<Value> items;
  if (value.is_undefined()) return items;
  if (value.is_string()) {
    const std::vector<std::size_t> offsets = offsets_of(memory, value.text());
    memory.take(offsets.size() * sizeof(Value));
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
      items.push_back(Value::of_text(value.text().substr(offsets[i], offsets[i + 1] - offsets[i])));
  } else if (value.is_dict()) {
    for (const auto& [key, member] : value.dict->items) items.push_back(key);
  } else if (value.kind == Kind::iterator) {
    if (!std::exchange(value.list->read, true)) {
      if (value.list->error) std::rethrow_exception(value.list->error);
      items = value.list->items;
    }
  } else if (value.kind == Kind::range) {
    memory.require_room(element_count(value) * sizeof(Value));
    for (std::size_t i = 0; i < element_count(value); ++i) items.push_back(element_of(value, i));
  } else if (value.has_list()) {
    items = value.list->items;
  } else {
    memory.fail(concat('\'', type_name(value), "' object is not iterable"));
  }
  memory.work(items.size() / 8);
  memory.require_room(items.size() * sizeof(Value));
  return items;
}

MOE_INLINE Value range_value(Memory& memory, const Range& range) {
  const Value value = memory.list({}, Kind::range, "range");
  value.list->range = range;
  return value;
}

MOE_INLINE std::size_t length(Memory& memory, const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_string()) {
    memory.work(value.size / 64);
    return count_code_points(value.text());
  }
  if (value.is_dict()) return value.dict->items.size();
  if (value.kind == Kind::loop) return element_count(value.loop->items);
  if (value.has_list() && value.kind != Kind::iterator) return element_count(value);
  memory.fail(concat("object of type '", type_name(value), "' has no len()"));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
