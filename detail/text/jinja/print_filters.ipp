// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "interpreter.hpp"
#include "operators.hpp"
#include "python_text.hpp"
#include "text_filters.ipp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// The filter pprint: repr() with sorted dicts, on several lines if one line has no room. Source: the documentation of Python's
/// pprint, and PrettyPrinter.
class PrettyPrinter {
 public:
  explicit PrettyPrinter(Memory& memory) : memory_(memory) {}

  std::string run(const Value& value) {
    write(value, 0, 0, 1);
    return std::move(out_);
  }

 private:
  static constexpr std::size_t line_width = 80;

  /// The width that is left on a line after an indent and before `allowance` characters that must follow.
  static std::size_t room(std::size_t indent, std::size_t allowance) {
    return line_width > indent + allowance ? line_width - indent - allowance : 0;
  }

  static bool is_plain_tuple(const Value& value) {
    return value.kind == Kind::tuple && value.list->name == "tuple";
  }

  /// `allowance`: how many characters must follow on the last line. `level`: the depth of nesting; 1 for the outermost value.
  void write(const Value& value, std::size_t indent, std::size_t allowance, std::size_t level) {
    const Nested nested(memory_);
    const std::string text = repr(value);
    memory_.take(text.size() + indent + 8);
    if (count_code_points(text) > room(indent, allowance)) {
      if (value.is_dict()) return write_dict(value, indent, allowance, level);
      if (value.kind == Kind::list || is_plain_tuple(value))
        return write_list(value, indent, allowance, level);
      if (value.is_string() && !value.markup) return write_text(value.text(), indent, allowance, level);
    }
    out_ += text;
  }

  void begin_line(std::size_t indent) { out_.append(1, '\n').append(indent, ' '); }

  void write_dict(const Value& value, std::size_t indent, std::size_t allowance, std::size_t level) {
    out_ += '{';
    const std::vector<std::pair<Value, Value>> items = sorted(value);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) {
        out_ += ',';
        begin_line(indent + 1);
      }
      const std::string key = repr(items[i].first);
      out_ += concat(key, ": ");
      write(items[i].second, indent + count_code_points(key) + 3, i + 1 == items.size() ? allowance + 1 : 1,
            level + 1);
    }
    out_ += '}';
  }

  void write_list(const Value& value, std::size_t indent, std::size_t allowance, std::size_t level) {
    const std::vector<Value>& items = value.list->items;
    const bool list = value.kind == Kind::list;
    const std::string_view end = list ? "]" : items.size() == 1 ? ",)" : ")";
    out_ += list ? '[' : '(';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) {
        out_ += ',';
        begin_line(indent + 1);
      }
      write(items[i], indent + 1, i + 1 == items.size() ? allowance + end.size() : 1, level + 1);
    }
    out_ += end;
  }

  void write_text(std::string_view text, std::size_t indent, std::size_t allowance, std::size_t level) {
    const bool top = level == 1;
    if (top) ++indent, ++allowance;
    const std::vector<std::string> chunks = chunks_of(text, room(indent, 0), allowance);
    if (top && chunks.size() > 1) out_ += '(';
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (i > 0) begin_line(indent);
      memory_.take(indent);
      out_ += chunks[i];
    }
    if (top && chunks.size() > 1) out_ += ')';
  }

  /// Cuts the text between words and after line breaks, so that the repr() of each piece fits on a line, unless one word is too
  /// long. Returns the repr() of the pieces.
  std::vector<std::string> chunks_of(std::string_view text, std::size_t width, std::size_t allowance) {
    std::vector<std::string> chunks;
    const std::size_t last_width = width > allowance ? width - allowance : 0;
    const std::vector<std::string_view> lines = split_lines(text, true);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const bool last = i + 1 == lines.size();
      std::string line = repr_text(lines[i]);
      if (count_code_points(line) <= (last ? last_width : width)) {
        chunks.push_back(std::move(line));
        continue;
      }
      const std::vector<std::string_view> words = words_of(lines[i]);
      std::string_view piece = lines[i].substr(0, 0);
      for (std::size_t j = 0; j < words.size(); ++j) {
        const std::string_view longer(piece.data(), piece.size() + words[j].size());
        memory_.work(longer.size() / 4 + 1);
        const bool fits =
            count_code_points(repr_text(longer)) <= (last && j + 1 == words.size() ? last_width : width);
        if (!fits && !piece.empty()) chunks.push_back(repr_text(piece));
        piece = fits ? longer : words[j];
      }
      if (!piece.empty()) chunks.push_back(repr_text(piece));
    }
    return chunks;
  }

  /// Words with the white space after them.
  static std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> out;
    const auto skip = [&](std::size_t at, bool space) {
      while (at < line.size()) {
        const Utf8Step step = utf8_step(line.substr(at));
        if (is_python_space(step.code_point) != space) break;
        at += step.bytes;
      }
      return at;
    };
    for (std::size_t begin = 0, end = 0; begin < line.size(); begin = end) {
      end = skip(skip(begin, false), true);
      out.push_back(line.substr(begin, end - begin));
    }
    return out;
  }

  /// repr() with sorted dicts.
  std::string repr(const Value& value) {
    const Nested nested(memory_);
    memory_.work(1);
    std::string out;
    if (value.is_dict()) {
      for (const auto& [key, member] : sorted(value))
        out += concat(out.empty() ? "" : ", ", repr(key), ": ", repr(member));
      memory_.take(out.size());
      return concat('{', out, '}');
    }
    if (value.kind != Kind::list && !is_plain_tuple(value)) {
      append_repr(memory_, out, value);
      return out;
    }
    for (const Value& item : value.list->items) out += concat(out.empty() ? "" : ", ", repr(item));
    memory_.take(out.size());
    if (value.kind == Kind::list) return concat('[', out, ']');
    return concat('(', out, value.list->items.size() == 1 ? ",)" : ")");
  }

  /// The members by key. Keys that Python cannot compare are in the order of their types.
  std::vector<std::pair<Value, Value>> sorted(const Value& dict) {
    std::vector<std::pair<Value, Value>> items = dict.dict->items;
    memory_.take(items.size() * sizeof(items[0]));
    memory_.work(4 * items.size());
    const auto rank = [](const Value& key) {
      return key.is_number() ? std::string_view("float") : type_name(key);
    };
    std::stable_sort(items.begin(), items.end(), [&](const auto& a, const auto& b) {
      const std::string_view type = rank(a.first), other = rank(b.first);
      return type != other ? type < other : key_less(a.first, b.first);
    });
    return items;
  }

  Memory& memory_;
  std::string out_;
};

inline Value filter_pprint(Interpreter& interpreter, const Value& value, const Arguments&) {
  return interpreter.memory().text(PrettyPrinter(interpreter.memory()).run(value));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
