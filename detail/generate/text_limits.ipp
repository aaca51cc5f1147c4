// SPDX-License-Identifier: MIT
#pragma once
#include "text_limits.hpp"
#include "../io/json.hpp"
#include "../spec/value_source.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::size_t read_min_tokens(const Checkpoint& checkpoint, std::size_t prompt_tokens) {
  const Json found = checkpoint.generation_config();
  if (!found) return 0;
  const ValueSource values(found);
  if (values.has("min_new_tokens")) return values.size("min_new_tokens", 0);
  const std::size_t length = values.size("min_length", 0);
  return length > prompt_tokens ? length - prompt_tokens : 0;
}

MOE_INLINE std::vector<std::string> read_stop_strings(const Checkpoint& checkpoint) {
  const Json config = checkpoint.generation_config();
  const Json found = config ? config.find("stop_strings") : Json();
  std::vector<std::string> out;
  if (!found || found.is_null()) return out;
  const auto add = [&](const Json& text) {
    out.emplace_back(text.as_string());
    if (out.back().empty()) text.fail_here("a text that is not empty", "an empty text");
  };
  if (found.is_string()) {
    add(found);
  } else {
    for (const Json text : found.as_array()) add(text);
  }
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
