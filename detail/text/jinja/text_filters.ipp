// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "../../core/error.hpp"
#include "../../core/utf8.hpp"
#include "../unicode.hpp"
#include "format.hpp"
#include "functions.hpp"
#include "interpreter.hpp"
#include "json.hpp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

// Filters of texts. `filter_x` is named after the function `do_x` in filters.py of Jinja.

using Items = std::vector<Value>;

/// The text of a value, with its markup.
inline Value soft_text(Memory& memory, const Value& value) {
  const Value text = value.is_string() ? value : memory.text(to_text(memory, value));
  memory.work_on(text.text());
  return text;
}

inline Value with_markup(Value text, bool markup) {
  text.markup = markup;
  return text;
}

/// A generator of the items that `fill(items)` adds. As in Python, an error of `fill` is thrown only if the generator is read.
template <class Fill>
Value generator(Memory& memory, Fill fill) {
  Items items;
  std::exception_ptr error;
  try {
    fill(items);
  } catch (const Error&) {
    error = std::current_exception();
    memory.work(20'000);  // computing the line of an error reads the whole template
  }
  const Value made = memory.list(std::move(items), Kind::iterator, "generator");
  made.list->error = error;
  return made;
}

inline std::int64_t whole_argument(Memory& memory, const Value& value, std::int64_t otherwise) {
  if (value.is_undefined()) return otherwise;
  if (!value.is_integral())
    memory.fail(concat('\'', type_name(value), "' object cannot be interpreted as an integer"));
  return value.whole();
}

template <std::string (*f)(std::string_view)>
Value filter_text(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  arguments.bind(memory, "filter", 0, {});
  const Value text = soft_text(memory, value);
  memory.work(text.size / 2);  // a mapping of letters takes longer than other steps
  return with_markup(memory.text(f(text.text())), text.markup);
}

/// Jinja's title(): words begin after white space and after - ( { [ <.
inline std::string jinja_title(std::string_view text) {
  std::string out;
  bool inside = false;
  std::string word;
  const auto flush = [&] {
    const std::size_t first = word.empty() ? 0 : utf8_step(word).bytes;
    out += upper(std::string_view(word).substr(0, first)) + lower(std::string_view(word).substr(first));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_at(text, at).bytes;
    const std::string_view c = text.substr(at, size);
    const bool border =
        is_python_space(utf8_step(c).code_point) || std::string_view("-({[<").find(c) != text.npos;
    if (border == inside) flush();
    inside = !border;
    if (border) {
      out += c;
    } else {
      word += c;
    }
    at += size;
  }
  flush();
  return out;
}

inline Value filter_string(Interpreter& interpreter, const Value& value, const Arguments&) {
  return soft_text(interpreter.memory(), value);
}

inline Value filter_trim(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Value characters = arguments.bind(memory, "trim", 0, {"chars"})[0];
  const Value text = soft_text(memory, value);
  const bool given = characters.is_string();
  if (!given && !characters.is_undefined() && !characters.is_none())
    memory.fail("strip arg must be None or str");
  if (given) memory.work_on(characters.text());
  return with_markup(Value::of_text(given ? strip(text.text(), Side::both, characters.text())
                                          : strip(text.text(), Side::both)),
                     text.markup);
}

inline Value filter_replace(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "replace", 2, {"old", "new", "count"});
  Arguments replaced;
  replaced.positional = {soft_text(memory, values[0]), soft_text(memory, values[1])};
  if (!values[2].is_undefined() && !values[2].is_none()) replaced.positional.push_back(values[2]);
  return call_method(interpreter, with_markup(soft_text(memory, value), false), "replace", replaced);
}

inline Value filter_indent(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "indent", 0, {"width", "first", "blank"});
  require_defined(memory, value);
  if (value.kind == Kind::list) memory.fail("'list' object has no attribute 'splitlines'");
  if (value.kind == Kind::tuple) memory.fail("can only concatenate tuple (not \"str\") to tuple");
  if (!value.is_string())
    memory.fail(concat("unsupported operand type(s) for +=: '", type_name(value), "' and 'str'"));
  const Value text = soft_text(memory, value);
  const std::string indent = values[0].is_string() ? std::string(values[0].text())
                                                   : spaces(memory, whole_argument(memory, values[0], 4));
  const bool first = is_true(values[1]), blank = is_true(values[2]);
  std::string ended(text.text());
  ended += '\n';
  std::string out = first ? indent : "";
  std::size_t i = 0;
  for (const std::string_view line : split_lines(ended)) {
    memory.take(indent.size() + line.size());
    if (i > 0) out += '\n';
    if (i++ > 0 && (blank || !line.empty())) out += indent;
    out += line;
  }
  return with_markup(memory.text(std::move(out)), text.markup);
}

inline Value filter_center(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Value width = arguments.bind(interpreter.memory(), "center", 0, {"width"})[0];
  Arguments centered;
  centered.positional = {width.is_undefined() ? Value::of_integer(80) : width};
  return call_method(interpreter, soft_text(interpreter.memory(), value), "center", centered);
}

inline Value filter_truncate(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "truncate", 0, {"length", "killwords", "end", "leeway"});
  const auto bounded = [&](const Value& number, std::int64_t otherwise) {
    constexpr std::int64_t most = std::int64_t{1} << 40;
    return std::clamp(whole_argument(memory, number, otherwise), -most, most);
  };
  const std::int64_t length = bounded(values[0], 255), leeway = bounded(values[3], 5);
  if (!value.is_string() && static_cast<std::int64_t>(jinja::length(memory, value)) <= length + leeway)
    return value;
  if (!value.is_string()) {
    if (value.kind != Kind::list || !is_true(values[1]))
      memory.fail(concat('\'', type_name(value), "' object has no attribute 'rsplit'"));
    memory.fail("can only concatenate list (not \"str\") to list");
  }
  const Value text = soft_text(memory, value);
  const Value ending = values[2].is_string() ? values[2] : Value::of_text("...");
  const std::string_view end = ending.text();
  memory.work(text.size / 4);  // makes a list of all characters
  const std::vector<std::size_t> offsets = offsets_of(memory, text.text());
  const auto size = static_cast<std::int64_t>(offsets.size() - 1);
  const std::int64_t kept = length - static_cast<std::int64_t>(count_code_points(end));
  if (kept < 0)
    memory.fail(
        concat("expected length >= ", count_code_points(end), ", got ", static_cast<long long>(length)));
  if (size <= length + leeway) return text;
  std::string_view begin = text.text().substr(0, offsets[static_cast<std::size_t>(std::min(kept, size))]);
  if (!is_true(values[1])) begin = begin.substr(0, begin.rfind(' '));
  return add(memory, with_markup(memory.text(std::string(begin)), text.markup), ending);
}

inline Value filter_wordcount(Interpreter& interpreter, const Value& value, const Arguments&) {
  const std::string_view text = soft_text(interpreter.memory(), value).text();
  std::size_t words = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const bool word = is_python_word(text, at);
    words += word && !inside;
    inside = word;
    at += character_at(text, at).bytes;
  }
  return Value::of_size(words);
}

inline Value filter_format(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  if (!arguments.positional.empty() && !arguments.named.empty())
    memory.fail("can't handle positional and keyword arguments at the same time");
  std::vector<std::pair<Value, Value>> members;
  for (const auto& [name, item] : arguments.named) members.emplace_back(Value::of_text(name), item);
  const Value values = members.empty() ? memory.list(arguments.positional, Kind::tuple, "tuple")
                                       : make_dict(memory, std::move(members));
  return format_percent(memory, soft_text(memory, value), values);
}

inline Value filter_escape(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  return with_markup(memory.text(escape(soft_text(memory, value))), true);
}
inline Value filter_forceescape(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return filter_escape(interpreter, with_markup(soft_text(interpreter.memory(), value), false), arguments);
}
inline Value filter_safe(Interpreter& interpreter, const Value& value, const Arguments&) {
  return with_markup(soft_text(interpreter.memory(), value), true);
}

inline Value filter_tojson(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return to_json_text(interpreter.memory(), value, arguments);
}

}  // namespace moe::inline MOE_ABI::detail::jinja
