#pragma once
#include "../core/concat.hpp"
#include "json.hpp"

#include <string>
#include <string_view>

namespace moe {
namespace detail {

inline void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  constexpr std::string_view meanings = "\"\\\b\f\n\r\t";
  constexpr std::string_view names = "\"\\bfnrt";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t which = meanings.find(c); which != meanings.npos) {
      out += {'\\', names[which]};
    } else if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    } else {
      out += c;
    }
  }
  out += '"';
}

inline void append_json(std::string& out, const Json& value) {
  if (value.is_string()) return append_json_string(out, value.as_string());
  if (!value.is_array() && !value.is_object()) {
    out += value.slice();
    return;
  }
  out += value.is_array() ? '[' : '{';
  bool first = true;
  for (const Json child : value) {
    if (!first) out += ", ";
    first = false;
    if (value.is_object()) {
      append_json_string(out, child.key());
      out += ": ";
    }
    append_json(out, child);
  }
  out += value.is_array() ? ']' : '}';
}

}  // namespace detail

/// A text, which should be UTF-8, as a JSON string with its quotes. Only what must be escaped is.
inline std::string to_json(std::string_view text) {
  std::string out;
  detail::append_json_string(out, text);
  return out;
}

/// A value in one line, as Python's json.dumps(value, ensure_ascii=False) writes it: `{"a": [1, 2]}`. Numbers
/// stay as they were written.
inline std::string to_json(const Json& value) {
  std::string out;
  detail::append_json(out, value);
  return out;
}

}  // namespace moe
