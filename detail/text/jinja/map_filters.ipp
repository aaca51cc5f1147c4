// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "interpreter.hpp"
#include "number_filters.ipp"
#include "operators.hpp"
#include "python_text.hpp"
#include "tests.hpp"
#include "text_filters.ipp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::inline MOE_ABI::detail::jinja {

// The filters map, select, reject, selectattr and rejectattr. For a value that is false, such as None, the result is empty.

/// The value of an attribute whose name may have dots, as in map(attribute="function.name"). The parts of the name are looked
/// up one after the other. If a look-up gives undefined, and `otherwise` is neither undefined nor None, `otherwise` is the
/// result of this look-up.
inline Value deep_attribute(Memory& memory, Value value, const Value& attribute,
                            const Value& otherwise = {}) {
  if (attribute.is_undefined() || attribute.is_none()) return value;
  const auto defaulted = [&](const Value& found) {
    return found.is_undefined() && !otherwise.is_undefined() && !otherwise.is_none() ? otherwise : found;
  };
  if (!attribute.is_string()) return defaulted(get_item(memory, value, attribute));
  memory.work_on(attribute.text());
  for (const std::string_view part : split_text(attribute.text(), ".", SIZE_MAX, false)) {
    memory.work(1);
    const Value index = parse_integer(memory, part, 10);
    const bool digits = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    value = defaulted(get_item(memory, value, digits ? index : Value::of_text(part)));
  }
  return value;
}

inline void map_attribute(Memory& memory, Items& out, const Value& value, const Arguments& arguments) {
  const Items values = arguments.bind(memory, "map", 0, {"attribute", "default"});
  if (values[0].is_undefined()) memory.fail("map requires a filter argument");
  for (const Value& item : iterate(memory, value))
    out.push_back(deep_attribute(memory, item, values[0], values[1]));
}

inline Value filter_map(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  return generator(memory, [&](Items& out) {
    if (!is_true(value)) return;
    if (arguments.positional.empty()) return map_attribute(memory, out, value, arguments);
    Arguments rest = arguments;
    const Value name = rest.positional.front();
    rest.positional.erase(rest.positional.begin());
    const Filter* const found = find_filter(to_text(memory, name));
    for (const Value& item : iterate(memory, value)) {
      if (!found) memory.fail(concat("No filter named ", repr_text(to_text(memory, name)), '.'));
      out.push_back(found->apply(interpreter, item, rest));
    }
  });
}

/// select, reject, selectattr and rejectattr.
template <bool wanted, bool with_attribute>
Value filter_select(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  return generator(memory, [&](Items& out) {
    if (!is_true(value)) return;
    Arguments rest = arguments;
    const auto take = [&] {
      const Value first = rest.positional.front();
      rest.positional.erase(rest.positional.begin());
      return first;
    };
    Value attribute, name;
    if (with_attribute && rest.positional.empty()) memory.fail("Missing parameter for attribute name");
    if (with_attribute) attribute = take();
    if (!rest.positional.empty()) name = take();
    const Test* const found = name.is_undefined() ? nullptr : find_test(to_text(memory, name));
    for (const Value& item : iterate(memory, value)) {
      const Value tested = deep_attribute(memory, item, attribute);
      if (!name.is_undefined() && !found)
        memory.fail(concat("No test named ", repr_text(to_text(memory, name)), '.'));
      memory.work(1);
      const bool holds = found ? found->apply(interpreter, tested, rest) : is_true(tested);
      if (holds == wanted) out.push_back(item);
    }
  });
}

}  // namespace moe::inline MOE_ABI::detail::jinja
