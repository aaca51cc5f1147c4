// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "html_filters.ipp"
#include "interpreter.hpp"
#include "map_filters.ipp"
#include "number_filters.ipp"
#include "operators.hpp"
#include "print_filters.ipp"
#include "python_text.hpp"
#include "tests.hpp"
#include "text_filters.ipp"
#include "wrap_filters.ipp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

// Filters of sequences, and the table of all filters. `filter_x` is named after the function `do_x` in filters.py of Jinja.

inline Value filter_length(Interpreter& interpreter, const Value& value, const Arguments&) {
  return Value::of_size(length(interpreter.memory(), value));
}

/// Whether the value has elements that can be read again and again.
inline bool has_elements(const Value& value) { return value.has_list() && value.kind != Kind::iterator; }

inline Value filter_first(Interpreter& interpreter, const Value& value, const Arguments&) {
  if (value.kind == Kind::iterator && !value.list->read && !value.list->items.empty()) {
    value.list->read = true;
    return value.list->items.front();
  }
  if (has_elements(value) && element_count(value) > 0) return element_of(value, 0);
  const Items items = iterate(interpreter.memory(), value);
  return items.empty() ? interpreter.memory().missing("No first item, sequence was empty.") : items.front();
}

inline Value filter_last(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  const bool can = value.is_undefined() || value.is_string() || value.is_dict() || value.has_list();
  if (!can || value.kind == Kind::iterator)
    memory.fail(concat('\'', type_name(value), "' object is not reversible"));
  if (has_elements(value) && element_count(value) > 0) return element_of(value, element_count(value) - 1);
  const Items items = iterate(memory, value);
  return items.empty() ? memory.missing("No last item, sequence was empty.") : items.back();
}

inline Value filter_list(Interpreter& interpreter, const Value& value, const Arguments&) {
  return interpreter.memory().list(iterate(interpreter.memory(), value));
}

inline Value filter_items(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  return generator(memory, [&](Items& items) {
    if (value.is_undefined()) return;
    if (!value.is_dict()) memory.fail("Can only get item pairs from a mapping.");
    for (const auto& [key, member] : value.dict->items)
      items.push_back(memory.list({key, member}, Kind::tuple, "tuple"));
  });
}

inline Value filter_reverse(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  if (!value.is_undefined() && !value.is_string() && !value.is_dict() && !value.has_list())
    memory.fail("argument must be iterable");
  Items items = iterate(memory, value);
  std::reverse(items.begin(), items.end());
  if (!value.is_string())
    return memory.list(std::move(items), value.kind == Kind::iterator ? Kind::list : Kind::iterator,
                       value.kind == Kind::list ? "list_reverseiterator" : "list");
  std::string out;
  for (const Value& item : items) out += item.text();
  return memory.text(std::move(out));
}

/// The value; a text in lower case, unless `case_sensitive`.
inline Value folded(Memory& memory, const Value& value, bool case_sensitive) {
  if (!value.is_string() || case_sensitive) return value;
  memory.work_on(value.text());
  return memory.text(lower(value.text()));
}

inline Value filter_join(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "join", 0, {"d", "attribute"});
  const std::string separator = to_text(memory, values[0]);
  std::string out;
  bool first = true;
  for (const Value& item : iterate(memory, value)) {
    const std::size_t before = out.size();
    if (!first) out += separator;
    first = false;
    append_text(memory, out, deep_attribute(memory, item, values[1]));
    memory.take(out.size() - before);
  }
  return memory.text(std::move(out));
}

/// A value and the key by which the value is sorted.
struct Keyed {
  Value key, value;
};

inline std::vector<Keyed> keyed(Memory& memory, const Value& value, const Value& attribute,
                                bool case_sensitive) {
  std::vector<Keyed> out;
  for (const Value& item : iterate(memory, value))
    out.push_back({folded(memory, deep_attribute(memory, item, attribute), case_sensitive), item});
  return out;
}

inline void sort_keyed(Memory& memory, std::vector<Keyed>& items, bool reverse) {
  // Reversing before and after the sort keeps the order of equal items, as Python does.
  if (reverse) std::reverse(items.begin(), items.end());
  // This is a merge sort written by hand, because comparisons with NaN are inconsistent, and std::stable_sort has undefined
  // behaviour if comparisons are inconsistent.
  std::vector<Keyed> merged(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    for (std::size_t begin = 0; begin < items.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, items.size());
      const std::size_t end = std::min(begin + 2 * width, items.size());
      std::size_t left = begin, right = middle;
      for (std::size_t out = begin; out < end; ++out) {
        const bool take_right =
            right < end && (left == middle || less(memory, items[right].key, items[left].key));
        merged[out] = items[take_right ? right++ : left++];
      }
    }
    items.swap(merged);
  }
  if (reverse) std::reverse(items.begin(), items.end());
}

inline Items values_of(const std::vector<Keyed>& items) {
  Items out;
  for (const Keyed& item : items) out.push_back(item.value);
  return out;
}

inline Value filter_sort(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "sort", 0, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = is_true(values[1]);
  std::vector<Value> attributes{values[2]};
  if (values[2].is_string()) {
    attributes.clear();
    memory.work_on(values[2].text());
    for (const std::string_view part : split_text(values[2].text(), ",", SIZE_MAX, false))
      attributes.push_back(Value::of_text(part));
  }
  std::vector<Keyed> items;
  for (const Value& item : iterate(memory, value)) {
    Items keys;
    for (const Value& attribute : attributes)
      keys.push_back(folded(memory, deep_attribute(memory, item, attribute), case_sensitive));
    items.push_back({memory.list(std::move(keys)), item});
  }
  sort_keyed(memory, items, whole_argument(memory, values[0], 0) != 0);
  return memory.list(values_of(items));
}

inline Value filter_dictsort(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "dictsort", 0, {"case_sensitive", "by", "reverse"});
  const std::string_view by = values[1].is_string() ? values[1].text() : "key";
  if (by != "key" && by != "value") memory.fail("You can only sort by either \"key\" or \"value\"");
  if (value.is_undefined()) fail_undefined(memory, value);
  if (!value.is_dict()) memory.fail(concat('\'', type_name(value), "' object has no attribute 'items'"));
  std::vector<Keyed> items;
  for (const auto& [key, member] : value.dict->items)
    items.push_back({folded(memory, by == "key" ? key : member, is_true(values[0])),
                     memory.list({key, member}, Kind::tuple, "tuple")});
  sort_keyed(memory, items, is_true(values[2]));
  return memory.list(values_of(items));
}

inline Value filter_unique(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "unique", 0, {"case_sensitive", "attribute"});
  return generator(memory, [&](Items& out) {
    const std::vector<Keyed> items = keyed(memory, value, values[1], is_true(values[0]));
    std::vector<std::pair<Value, Value>> last_places;
    for (std::size_t i = items.size(); i-- > 0;) last_places.emplace_back(items[i].key, Value::of_size(i));
    // The places are in descending order. Of entries with equal keys, make_dict() keeps the last value, which is the first
    // place of the key.
    const Value first_places = make_dict(memory, std::move(last_places));
    for (std::size_t i = 0; i < items.size(); ++i)
      if (find_key(memory, first_places, items[i].key)->whole() == static_cast<std::int64_t>(i))
        out.push_back(items[i].value);
  });
}

template <bool largest>
Value filter_extreme(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, largest ? "max" : "min", 0, {"case_sensitive", "attribute"});
  const std::vector<Keyed> items = keyed(memory, value, values[1], is_true(values[0]));
  if (items.empty()) return memory.missing("No aggregated item, sequence was empty.");
  const Keyed* best = &items.front();
  for (std::size_t i = 1; i < items.size(); ++i)
    if (compare(memory, items[i].key, largest ? ">" : "<", best->key)) best = &items[i];
  return best->value;
}

inline Value filter_sum(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "sum", 0, {"attribute", "start"});
  Value sum = values[1].is_undefined() ? Value::of_integer(0) : values[1];
  const Items items = iterate(memory, value);
  if (sum.is_string()) memory.fail("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : items) sum = add(memory, sum, deep_attribute(memory, item, values[0]));
  return sum;
}

inline Value filter_groupby(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "groupby", 1, {"attribute", "default", "case_sensitive"});
  const bool case_sensitive = is_true(values[2]);
  std::vector<Keyed> items;
  const auto key_of = [&](const Value& item) { return deep_attribute(memory, item, values[0], values[1]); };
  for (const Value& item : iterate(memory, value))
    items.push_back({folded(memory, key_of(item), case_sensitive), item});
  sort_keyed(memory, items, false);
  Items groups;
  for (std::size_t begin = 0, end = 0; begin < items.size(); begin = end) {
    Items group;
    for (end = begin; end < items.size() && equal(memory, items[begin].key, items[end].key); ++end)
      group.push_back(items[end].value);
    if (group.empty()) memory.fail("groupby needs keys that are equal to themselves");
    const Value key = key_of(items[begin].value);
    groups.push_back(memory.list({key, memory.list(std::move(group))}, Kind::tuple, group_type));
  }
  return memory.list(std::move(groups));
}

/// Whether batch or slice has a value to fill up lists with: any second argument except None, also an undefined value.
inline bool is_filled(const Value& filler, const Arguments& arguments) {
  return arguments.positional.size() + arguments.named.size() > 1 && !filler.is_none();
}

inline Value filter_batch(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "batch", 1, {"linecount", "fill_with"});
  const std::int64_t size = whole_argument(memory, values[0], 0);
  if (size < 1 || size > 1'000'000) memory.fail("batch: the number of items must be from 1 to 1000000");
  return generator(memory, [&](Items& batches) {
    Items batch;
    for (const Value& item : iterate(memory, value)) {
      if (batch.size() == static_cast<std::size_t>(size))
        batches.push_back(memory.list(std::exchange(batch, {})));
      batch.push_back(item);
    }
    if (batch.empty()) return;
    if (is_filled(values[1], arguments)) batch.resize(static_cast<std::size_t>(size), values[1]);
    batches.push_back(memory.list(std::move(batch)));
  });
}

inline Value filter_slice(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "slice", 1, {"slices", "fill_with"});
  const std::int64_t slices = whole_argument(memory, values[0], 0);
  if (slices < 1 || slices > 100'000) memory.fail("slice: the number of slices must be from 1 to 100000");
  const auto count = static_cast<std::size_t>(slices);
  const bool filled = is_filled(values[1], arguments);
  return generator(memory, [&](Items& out) {
    const Items items = iterate(memory, value);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t size = items.size() / count + (i < items.size() % count ? 1 : 0);
      Items part(items.begin() + static_cast<std::ptrdiff_t>(begin),
                 items.begin() + static_cast<std::ptrdiff_t>(begin + size));
      begin += size;
      if (filled && i >= items.size() % count) part.push_back(values[1]);
      out.push_back(memory.list(std::move(part)));
    }
  });
}

/// An element, chosen by a pseudo-random sequence that is the same in each rendering, so that equal inputs give equal texts.
inline Value filter_random(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  const std::size_t count = length(memory, value);
  if (count == 0) return memory.missing("No random item, sequence was empty.");
  const auto index = static_cast<std::int64_t>(memory.random() % count);
  const Value item = get_item(memory, value, Value::of_integer(index));
  require_defined(memory, item);
  return item;
}

// ---- Other filters

inline Value filter_default(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Items values = arguments.bind(interpreter.memory(), "default", 0, {"default_value", "boolean"});
  const bool use = value.is_undefined() || (is_true(values[1]) && !is_true(value));
  if (!use) return value;
  const bool given = !values[0].is_undefined() || values[0].missing;
  return given ? values[0] : Value::of_text("");
}

inline Value filter_attr(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Value name = arguments.bind(memory, "attr", 1, {"name"})[0];
  if (!name.is_string()) memory.fail(concat("attribute name must be string, not '", type_name(name), '\''));
  const Value found =
      value.is_dict() ? make_dict(memory, {}) : value;  // the only attributes of a dict are its methods
  return get_attribute(memory, found, name.text());
}

inline constexpr Filter filters[] = {
    {"abs", filter_abs, false},
    {"attr", filter_attr},
    {"batch", filter_batch},
    {"capitalize", filter_text<capitalize>, false},
    {"center", filter_center},
    {"count", filter_length, false},
    {"d", filter_default},
    {"default", filter_default},
    {"dictsort", filter_dictsort},
    {"e", filter_escape, false},
    {"escape", filter_escape, false},
    {"filesizeformat", filter_filesizeformat},
    {"first", filter_first, false},
    {"float", filter_float},
    {"forceescape", filter_forceescape, false},
    {"format", filter_format},
    {"groupby", filter_groupby},
    {"indent", filter_indent},
    {"int", filter_int},
    {"items", filter_items, false},
    {"join", filter_join},
    {"last", filter_last, false},
    {"length", filter_length, false},
    {"list", filter_list, false},
    {"lower", filter_text<lower>, false},
    {"map", filter_map},
    {"max", filter_extreme<true>},
    {"min", filter_extreme<false>},
    {"pprint", filter_pprint, false},
    {"random", filter_random, false},
    {"reject", filter_select<false, false>},
    {"rejectattr", filter_select<false, true>},
    {"replace", filter_replace},
    {"reverse", filter_reverse, false},
    {"round", filter_round},
    {"safe", filter_safe, false},
    {"select", filter_select<true, false>},
    {"selectattr", filter_select<true, true>},
    {"slice", filter_slice},
    {"sort", filter_sort},
    {"string", filter_string, false},
    {"striptags", filter_striptags, false},
    {"sum", filter_sum},
    {"title", filter_text<jinja_title>, false},
    {"tojson", filter_tojson},
    {"trim", filter_trim},
    {"truncate", filter_truncate},
    {"unique", filter_unique},
    {"upper", filter_text<upper>, false},
    {"urlencode", filter_urlencode, false},
    {"wordcount", filter_wordcount, false},
    {"wordwrap", filter_wordwrap},
    {"xmlattr", filter_xmlattr},
};

MOE_INLINE Value Filter::apply(Interpreter& interpreter, const Value& value,
                               const Arguments& arguments) const {
  interpreter.memory().work(1);
  if (!parameters) arguments.bind(interpreter.memory(), name, 0, {});
  return function(interpreter, value, arguments);
}

MOE_INLINE const Filter* find_filter(std::string_view name) {
  const auto found =
      std::lower_bound(std::begin(filters), std::end(filters), name,
                       [](const Filter& filter, std::string_view wanted) { return filter.name < wanted; });
  return found != std::end(filters) && found->name == name ? found : nullptr;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
