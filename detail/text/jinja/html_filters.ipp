// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "../../core/utf8.hpp"
#include "interpreter.hpp"
#include "operators.hpp"
#include "python_text.hpp"
#include "text_filters.ipp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace moe::inline MOE_ABI::detail::jinja {

// Filters for addresses and HTML. `filter_x` is named after the function `do_x` in filters.py of Jinja.

/// Appends a text as part of an address. `query`: the part belongs to a query, where a space becomes + and a slash is escaped.
inline void append_url(std::string& out, std::string_view text, bool query) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       std::string_view("_.-~").find(c) != std::string_view::npos || (c == '/' && !query);
    if (plain) {
      out += c;
    } else if (c == ' ' && query) {
      out += '+';
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
}

inline Value filter_urlencode(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  std::string out;
  if (value.is_string() || !(value.is_dict() || value.has_list())) {
    append_url(out, soft_text(memory, value).text(), false);
    return memory.text(std::move(out));
  }
  const auto member = [&](const Value& key, const Value& each) {
    if (!out.empty()) out += '&';
    append_url(out, soft_text(memory, key).text(), true);
    out += '=';
    append_url(out, soft_text(memory, each).text(), true);
  };
  if (value.is_dict()) {
    for (const auto& [key, each] : value.dict->items) member(key, each);
  } else {
    for (const Value& item : iterate(memory, value)) {
      const Items pair = iterate(memory, item);
      if (pair.size() != 2) memory.fail("urlencode: expected a mapping or pairs");
      member(pair[0], pair[1]);
    }
  }
  return memory.text(std::move(out));
}

inline Value filter_xmlattr(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "xmlattr", 0, {"autospace"});
  require_defined(memory, value);
  if (!value.is_dict()) memory.fail(concat('\'', type_name(value), "' object has no attribute 'items'"));
  std::string out;
  for (const auto& [key, each] : value.dict->items) {
    if (each.is_none() || each.is_undefined()) continue;
    if (!key.is_string())
      memory.fail(concat("expected string or bytes-like object, got '", type_name(key), '\''));
    if (key.text().find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos)
      memory.fail(concat("Invalid character in attribute name: ", repr_text(key.text())));
    if (!out.empty()) out += ' ';
    out += concat(escaped(memory, key).text(), "=\"", escaped(memory, each).text(), '"');
  }
  const bool space = values[0].is_undefined() || is_true(values[0]);
  if (space && !out.empty()) out.insert(0, 1, ' ');
  return memory.text(std::move(out));
}

/// The text without the parts from `begin` to the next `end`.
inline std::string without_parts(std::string_view text, std::string_view begin, std::string_view end) {
  std::string out;
  for (;;) {
    const std::size_t first = text.find(begin);
    const std::size_t last = first == text.npos ? first : text.find(end, first);
    if (last == text.npos) return out += text;
    out += text.substr(0, first);
    text.remove_prefix(last + end.size());
  }
}

/// The text with a character in place of each entity of XML, each numeric entity and &nbsp;. Throws for other entities with
/// names, and for numeric entities of control characters or of no character. Other text stays.
inline std::string unescaped(Memory& memory, std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", "\u00a0"}};
  constexpr std::size_t most_entity = 13;  // longer names are no entities
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text[0] == '&' ? text.substr(0, most_entity).find(';') : text.npos;
    const std::string_view name = end == text.npos ? "" : text.substr(1, end - 1);
    if (name.empty() || name.find_first_of(" &") != name.npos) {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    if (name[0] == '#') {
      const bool hexadecimal = name.size() > 1 && (name[1] | 0x20) == 'x';
      const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
      std::uint32_t c = 0;
      const auto result =
          std::from_chars(digits.data(), digits.data() + digits.size(), c, hexadecimal ? 16 : 10);
      const bool valid = result.ec == std::errc() && result.ptr == digits.data() + digits.size() &&
                         c >= 0xa0 && c < 0x110000 && (c < 0xd800 || c >= 0xe000);
      const bool ascii = result.ec == std::errc() && c >= 0x20 && c < 0x7f;
      if (!valid && !ascii) memory.fail(concat("striptags: the entity &", name, "; is not supported"));
      append_utf8(out, c);
    } else {
      std::string_view character;
      for (const auto& [known, meaning] : names)
        if (known == name) character = meaning;
      if (character.empty()) memory.fail(concat("striptags: the entity &", name, "; is not supported"));
      out += character;
    }
    text.remove_prefix(end + 1);
  }
  return out;
}

inline Value filter_striptags(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  const std::string_view text = soft_text(memory, value).text();
  memory.require_room(4 * text.size());
  const std::string plain = without_parts(without_parts(text, "<!--", "-->"), "<", ">");
  std::string out;
  for (const std::string_view word : split_words(plain, SIZE_MAX, false)) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return memory.text(unescaped(memory, out));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
