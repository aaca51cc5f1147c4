// SPDX-License-Identifier: MIT
#pragma once
#include "json.hpp"
#include "../../core/concat.hpp"
#include "../../core/utf8.hpp"
#include "../../io/json_writer.hpp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

inline Value number_from_json(Memory& memory, std::string_view digits) {
  if (digits.find_first_of(".eE") == digits.npos) {
    std::int64_t whole = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
    if (result.ec == std::errc()) return Value::of_integer(whole);
    require_few_digits(memory, digits.size() - (digits.front() == '-' ? 1 : 0));
    return Value::of_text(digits, Kind::big_integer);
  }
  memory.work(digits.size() / 16);
  if (const auto real = parse_double(digits)) return Value::of_real(*real);
  return Value::of_real(digits.front() == '-' ? -HUGE_VAL : HUGE_VAL);
}

MOE_INLINE Value from_json(Memory& memory, const Json& json) {
  memory.allow(64 + (json.is_array() || json.is_object() ? 0 : json.slice().size()));
  memory.work(1);
  switch (json.kind()) {
    case Json::Kind::null: return Value::none();
    case Json::Kind::boolean: return Value::of_boolean(json.as_bool());
    case Json::Kind::number: return number_from_json(memory, json.slice());
    case Json::Kind::string: return Value::of_text(json.as_string());
    case Json::Kind::array: {
      std::vector<Value> items;
      for (const Json item : json) items.push_back(from_json(memory, item));
      return memory.list(std::move(items));
    }
    case Json::Kind::object: break;
  }
  std::vector<std::pair<Value, Value>> items;
  for (const Json member : json) items.emplace_back(Value::of_text(member.key()), from_json(memory, member));
  return make_dict(memory, std::move(items));
}

/// Writes values as json.dumps does.
class JsonText {
 public:
  JsonText(Memory& memory, const Arguments& arguments) : memory_(memory) {
    const std::vector<Value> values =
        arguments.bind(memory, "tojson", 0, {"ensure_ascii", "indent", "separators", "sort_keys"});
    ascii_ = is_true(values[0]);
    sorted_ = is_true(values[3]);
    read_indent(memory, values[1]);
    read_separators(memory, values[2]);
  }

  std::string write(const Value& value) {
    append(value, 0);
    return std::move(out_);
  }

 private:
  void append(const Value& value, std::size_t level) {
    const Nested nested(memory_);
    memory_.work(1);
    switch (value.kind) {
      case Kind::none: out_ += "null"; return;
      case Kind::boolean: out_ += value.boolean ? "true" : "false"; return;
      case Kind::real: out_ += real(value.real); return;
      case Kind::integer:
      case Kind::big_integer: append_text(memory_, out_, value); return;
      case Kind::string: string(value.text()); return;
      case Kind::list:
      case Kind::tuple: list(value.list->items, level); return;
      case Kind::dict: dict(*value.dict, level); return;
      default: memory_.fail(concat("Object of type ", type_name(value), " is not JSON serializable"));
    }
  }

  void read_indent(Memory& memory, const Value& indent) {
    if (indent.is_undefined() || indent.is_none()) return;
    indented_ = true;
    item_separator_ = ",";
    if (indent.is_string()) {
      indent_ = indent.text();
    } else if (indent.is_integral()) {
      indent_ = spaces(memory, indent.whole());
    } else {
      memory.fail(concat("can't multiply sequence by non-int of type '", type_name(indent), '\''));
    }
  }

  void read_separators(Memory& memory, const Value& separators) {
    if (separators.is_undefined() || separators.is_none()) return;
    const std::vector<Value> pair = iterate(memory, separators);
    if (pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
      memory.fail("separators must be two strings");
    item_separator_ = pair[0].text();
    key_separator_ = pair[1].text();
  }

  static std::string real(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return repr_real(number);
  }

  void string(std::string_view text) {
    memory_.require_room(6 * text.size());  // an escape such as \u001f is 6 times as long as the character
    const std::string escaped = to_json(text);
    const std::size_t before = out_.size();
    append_escaped(escaped);
    memory_.take(out_.size() - before);
  }

  void append_escaped(const std::string& escaped) {
    if (!ascii_) {
      out_ += escaped;
      return;
    }
    for (std::string_view rest = escaped; !rest.empty();) {
      const Utf8Step step = utf8_step(rest);
      if (step.code_point < 0x80) {
        out_ += rest[0];
      } else {
        utf16(step.code_point);
      }
      rest.remove_prefix(step.bytes);
    }
  }

  void utf16(char32_t c) {
    if (c >= 0x10000) {
      utf16(0xd800 + ((c - 0x10000) >> 10));
      c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    out_ += "\\u";
    append_hex(out_, c, 4);
  }

  /// Writes what stands before an element or a member: a separator unless the element is the first, and a line break if the
  /// text is indented.
  void begin_item(bool first, std::size_t level) {
    if (!first) out_ += item_separator_;
    memory_.take(item_separator_.size() + key_separator_.size());
    line(level + 1);
  }

  void line(std::size_t level) {
    if (!indented_) return;
    memory_.take(level * indent_.size() + 1);
    out_ += '\n';
    for (std::size_t i = 0; i < level; ++i) out_ += indent_;
  }

  void list(const std::vector<Value>& items, std::size_t level) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    bool first = true;
    for (const Value& item : items) {
      begin_item(std::exchange(first, false), level);
      append(item, level + 1);
    }
    line(level);
    out_ += ']';
  }

  void dict(const Dict& dict, std::size_t level) {
    if (dict.items.empty()) {
      out_ += "{}";
      return;
    }
    out_ += '{';
    bool first = true;
    const auto member = [&](const std::pair<Value, Value>& item) {
      begin_item(std::exchange(first, false), level);
      key(item.first);
      out_ += key_separator_;
      append(item.second, level + 1);
    };
    if (sorted_) {
      // Python compares the keys, and refuses keys of different types.
      for (std::size_t i = 1; i < dict.order.size(); ++i)
        less(memory_, dict.items[dict.order[i - 1]].first, dict.items[dict.order[i]].first);
      for (const std::uint32_t i : dict.order) member(dict.items[i]);
    } else {
      for (const auto& item : dict.items) member(item);
    }
    line(level);
    out_ += '}';
  }

  void key(const Value& key) {
    if (key.is_string()) return string(key.text());
    if (!key.is_number() && !key.is_none())
      memory_.fail(concat("keys must be str, int, float, bool or None, not ", type_name(key)));
    out_ += '"';
    append(key, 0);
    out_ += '"';
  }

  Memory& memory_;
  std::string out_, indent_, item_separator_ = ", ", key_separator_ = ": ";
  bool indented_ = false, ascii_ = false, sorted_ = false;
};

MOE_INLINE Value to_json_text(Memory& memory, const Value& value, const Arguments& arguments) {
  return memory.text(JsonText(memory, arguments).write(value));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
