// SPDX-License-Identifier: MIT
#pragma once
#include "operators.hpp"
#include "../../core/concat.hpp"
#include "python_text.hpp"
#include "tree.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

inline constexpr std::string_view text_methods[] = {
    "upper",      "lower",      "title",        "capitalize",   "swapcase",   "casefold",     "strip",
    "lstrip",     "rstrip",     "split",        "rsplit",       "splitlines", "join",         "replace",
    "startswith", "endswith",   "find",         "rfind",        "index",      "rindex",       "count",
    "partition",  "rpartition", "removeprefix", "removesuffix", "zfill",      "ljust",        "rjust",
    "center",     "format",     "isalpha",      "isalnum",      "isnumeric",  "isdigit",      "isdecimal",
    "isspace",    "isascii",    "isupper",      "islower",      "istitle",    "isidentifier", "isprintable",
    "expandtabs", "format_map",
};
inline constexpr std::string_view dict_methods[] = {"get", "items", "keys", "values", "copy"};
inline constexpr std::string_view list_methods[] = {"index", "count", "copy"};
inline constexpr std::string_view tuple_methods[] = {"index", "count"};
inline constexpr std::string_view real_methods[] = {"is_integer"};
inline constexpr std::string_view cycler_methods[] = {"next", "reset"};
inline constexpr std::string_view loop_methods[] = {"cycle", "changed"};
// The sandbox refuses methods that change their object.
inline constexpr std::string_view unsafe_dict_methods[] = {"clear", "pop", "popitem", "setdefault", "update"};
inline constexpr std::string_view unsafe_list_methods[] = {"append", "clear", "pop",    "reverse",
                                                           "insert", "sort",  "extend", "remove"};

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
    case Kind::callable:
      return object.callable->type == Callable::Type::cycler && is_in(cycler_methods, name);
    default: return false;
  }
}

inline bool is_unsafe(const Value& object, std::string_view name) {
  if (object.is_dict() && is_in(unsafe_dict_methods, name)) return true;
  if (object.kind == Kind::list && is_in(unsafe_list_methods, name)) return true;
  return name.size() > 4 && name.starts_with("__") && name.ends_with("__");
}

/// Whether the value is a group of the filter groupby: a tuple of the key and the list of items.
inline bool is_group(const Value& value) {
  return value.kind == Kind::tuple && value.list->name == group_type;
}

inline Value no_attribute(Memory& memory, const Value& object, std::string_view name) {
  memory.work_on(name);
  return memory.missing(concat(object_name(object), " has no attribute ", repr_text(name)));
}

inline Value loop_neighbour(Memory& memory, const Loop& loop, bool next) {
  if (!next && loop.index == 0) return memory.missing("there is no previous item");
  if (next && loop.index + 1 >= element_count(loop.items)) return memory.missing("there is no next item");
  return element_of(loop.items, next ? loop.index + 1 : loop.index - 1);
}

/// An attribute of the variable `loop`; undefined if there is none.
inline Value loop_attribute(Memory& memory, const Value& object, std::string_view name) {
  const Loop& loop = *object.loop;
  const std::size_t count = element_count(loop.items);
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

inline bool find_macro_attribute(Memory& memory, const Callable& macro, std::string_view name, Value& out) {
  const auto uses = [&](Uses use) {
    return Value::of_boolean((static_cast<const Node*>(macro.macro)->uses & use) != 0);
  };
  if (name == "name") {
    out = macro.name.empty() ? Value::none() : Value::of_text(macro.name);
  } else if (name == "arguments") {
    out = memory.list(macro.items, Kind::tuple, "tuple");
  } else if (name == "catch_varargs") {
    out = uses(uses_varargs);
  } else if (name == "catch_kwargs") {
    out = uses(uses_kwargs);
  } else if (name == "caller") {
    out = uses(uses_caller);
  } else {
    return false;
  }
  return true;
}

/// Writes an attribute in the sense of Python's getattr() to `out`; false if there is none.
inline bool find_attribute(Memory& memory, const Value& object, std::string_view name, Value& out) {
  if (is_unsafe(object, name)) {
    memory.work_on(name);
    out = memory.missing(
        concat("access to attribute ", repr_text(name), " of '", type_name(object), "' object is unsafe."));
    return true;
  }
  if (has_method(object, name)) {
    out = memory.callable({.type = Callable::Type::method, .name = name, .self = object});
    return true;
  }
  if (object.kind == Kind::name_space) {
    const Value* const member = find_key(memory, object, name);
    if (member) out = *member;
    return member != nullptr;
  }
  if (object.kind == Kind::callable && object.callable->type == Callable::Type::cycler && name == "current") {
    out = object.callable->items[object.callable->at % object.callable->items.size()];
    return true;
  }
  if (object.kind == Kind::callable && object.callable->type == Callable::Type::self) {
    for (const Value& block : object.callable->items)
      if (block.callable->name == name) out = block;
    return !out.is_undefined();
  }
  if (is_group(object) && (name == "grouper" || name == "list")) {
    out = object.list->items[name == "list" ? 1 : 0];
    return true;
  }
  if (object.kind == Kind::callable && object.callable->type == Callable::Type::macro)
    return find_macro_attribute(memory, *object.callable, name, out);
  return false;
}

MOE_INLINE bool calls_method(const Value& object, std::string_view name) {
  return has_method(object, name) && !is_unsafe(object, name);
}

MOE_INLINE Value get_attribute(Memory& memory, const Value& object, std::string_view name) {
  require_defined(memory, object);
  Value out;
  if (object.kind == Kind::loop && !has_method(object, name)) return loop_attribute(memory, object, name);
  if (find_attribute(memory, object, name, out)) return out;
  if (object.is_dict())
    if (const Value* const member = find_key(memory, object, name)) return *member;
  return no_attribute(memory, object, name);
}

/// The index of the element that `key` selects; a negative key counts from the end. `count` if there is no such element.
inline std::size_t index_of(const Value& key, std::size_t count) {
  const std::int64_t index = key.whole();
  const auto signed_count = static_cast<std::int64_t>(count);
  const std::int64_t from_begin = index < 0 ? index + signed_count : index;
  return from_begin < 0 || from_begin >= signed_count ? count : static_cast<std::size_t>(from_begin);
}

inline bool find_element(Memory& memory, const Value& object, const Value& key, Value& out) {
  if (object.is_dict()) {
    if (key.kind == Kind::list || key.is_dict()) return false;
    if (key.kind == Kind::tuple) require_hashable(memory, key);
    const Value* const member = find_key(memory, object, key);
    if (member) out = *member;
    return member != nullptr;
  }
  if (!key.is_integral()) return false;
  if (object.is_string()) {
    memory.work(object.size / 16);
    const std::vector<std::size_t> offsets = offsets_of(memory, object.text());
    const std::size_t index = index_of(key, offsets.size() - 1);
    if (index + 1 == offsets.size()) return false;
    out = Value::of_text(object.text().substr(offsets[index], offsets[index + 1] - offsets[index]));
    out.markup = object.markup;
    return true;
  }
  if (object.kind != Kind::list && object.kind != Kind::tuple && object.kind != Kind::range) return false;
  const std::size_t count = element_count(object), index = index_of(key, count);
  if (index == count) return false;
  out = element_of(object, index);
  return true;
}

inline std::string unquoted(const std::string& text) { return text.substr(1, text.size() - 2); }

MOE_INLINE Value get_item(Memory& memory, const Value& object, const Value& key) {
  require_defined(memory, object);
  Value out;
  if (find_element(memory, object, key, out)) return out;
  if (key.is_string()) {
    if (object.kind == Kind::loop) return get_attribute(memory, object, key.text());
    if (find_attribute(memory, object, key.text(), out)) return out;
    return no_attribute(memory, object, key.text());
  }
  std::string message = concat(unquoted(object_name(object)), " has no element ");
  append_repr(memory, message, key);
  return memory.missing(std::move(message));
}

/// A bound of a slice, from 0 to `count`, or from -1 to `count` - 1 if the slice goes backwards. `otherwise`: the
/// result if `bound` is none.
inline std::int64_t slice_bound(Memory& memory, const Value& bound, std::int64_t count, bool backwards,
                                std::int64_t otherwise) {
  if (bound.is_none()) return otherwise;
  if (!bound.is_integral()) memory.fail("slice indices must be integers or None or have an __index__ method");
  const std::int64_t at = bound.whole() < 0 ? std::max(bound.whole(), -count - 1) + count : bound.whole();
  return backwards ? std::clamp<std::int64_t>(at, -1, count - 1) : std::clamp<std::int64_t>(at, 0, count);
}

/// The slice of a sequence of `size` elements, as a range of indices.
inline Range slice_range(Memory& memory, std::size_t size, const Value& first, const Value& last,
                         const Value& step) {
  if (!step.is_none() && !step.is_integral())
    memory.fail("slice indices must be integers or None or have an __index__ method");
  const std::int64_t by = step.is_none() ? 1 : step.whole(), count = static_cast<std::int64_t>(size);
  if (by == 0) memory.fail("slice step cannot be zero");
  const bool backwards = by < 0;
  const std::int64_t begin = slice_bound(memory, first, count, backwards, backwards ? count - 1 : 0);
  const std::int64_t end = slice_bound(memory, last, count, backwards, backwards ? -1 : count);
  return {begin, end, by};
}

/// The indices that `range` contains, for a slice of a sequence of `size` elements.
inline std::vector<std::size_t> indices_in(Memory& memory, std::size_t size, const Range& range) {
  std::vector<std::size_t> out;
  memory.work(size / 4);
  const auto most = static_cast<std::int64_t>(size) + 1;
  const std::int64_t stride = std::clamp(range.step, -most, most);
  for (std::int64_t i = range.first; stride < 0 ? i > range.last : i < range.last; i += stride)
    out.push_back(static_cast<std::size_t>(i));
  return out;
}

/// The slice of a range, as a range of `count` elements. The bounds of the result need not be elements of `range`. Numbers
/// beyond 64 bits wrap around.
inline Range sliced(const Range& range, const Range& slice, std::size_t count) {
  const auto first = static_cast<std::uint64_t>(range.first), step = static_cast<std::uint64_t>(range.step);
  const auto at = [&](std::int64_t index) {
    return static_cast<std::int64_t>(first + static_cast<std::uint64_t>(index) * step);
  };
  return {at(slice.first), at(slice.last),
          static_cast<std::int64_t>(step * static_cast<std::uint64_t>(slice.step)), count};
}

MOE_INLINE Value get_slice(Memory& memory, const Value& object, const Value& first, const Value& last,
                           const Value& step) {
  require_defined(memory, object);
  if (object.is_string()) {
    const std::vector<std::size_t> offsets = offsets_of(memory, object.text());
    const std::size_t size = offsets.size() - 1;
    std::string out;
    for (const std::size_t i : indices_in(memory, size, slice_range(memory, size, first, last, step)))
      out += object.text().substr(offsets[i], offsets[i + 1] - offsets[i]);
    Value value = memory.text(std::move(out));
    value.markup = object.markup;
    return value;
  }
  if (object.is_dict()) memory.fail("unhashable type: 'slice'");
  if (object.kind != Kind::list && object.kind != Kind::tuple && object.kind != Kind::range)
    memory.fail(concat('\'', type_name(object), "' object is not subscriptable"));
  const std::size_t size = element_count(object);
  const Range slice = slice_range(memory, size, first, last, step);
  const std::vector<std::size_t> indices = indices_in(memory, size, slice);
  std::vector<Value> items;
  if (object.kind == Kind::range)
    return range_value(memory, sliced(object.list->range, slice, indices.size()));
  items.reserve(indices.size());
  for (const std::size_t i : indices) items.push_back(object.list->items[i]);
  const bool list = object.kind == Kind::list;
  return memory.list(std::move(items), object.kind, list ? "list" : "tuple");
}

}  // namespace moe::inline MOE_ABI::detail::jinja
