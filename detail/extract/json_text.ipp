#pragma once
#include "json_text.hpp"
#include "../core/concat.hpp"
#include "../io/json_writer.hpp"

#include <cstring>
#include <string>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string json_text(const Json& value) {
  if (value.is_string()) return to_json(value.as_string());
  if (!value.is_array() && !value.is_object()) return std::string(value.slice());
  std::string out;
  for (const Json part : value) {
    if (!out.empty()) out += ", ";
    if (value.is_object()) out += concat(to_json(part.key()), ": ");
    out += json_text(part);
  }
  return value.is_array() ? concat('[', out, ']') : concat('{', out, '}');
}

}  // namespace moe::inline MOE_ABI::detail
