// SPDX-License-Identifier: MIT
#pragma once
#include "json_writer.hpp"

#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void append_json_string(std::string& out, std::string_view text) {
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

MOE_INLINE void append_json(std::string& out, const Json& value) {
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

MOE_INLINE std::string to_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

MOE_INLINE std::string to_json(const Json& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
