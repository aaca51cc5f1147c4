// SPDX-License-Identifier: MIT
#pragma once
#include "text_limits.hpp"
#include "../spec/value_source.hpp"

#include <cstddef>
#include <string>
#include <string_view>
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
  constexpr std::string_view key = "stop_strings";
  const Json found = checkpoint.generation_config();
  if (!found) return {};
  const ValueSource values(found);
  const std::vector<std::string> strings =
      values.is_text(key) ? std::vector<std::string>{values.text(key, "")} : values.texts(key);
  for (const std::string& text : strings)
    if (text.empty()) values.fail_at(key, "texts that are not empty", "an empty text");
  return strings;
}

}  // namespace moe::inline MOE_ABI::detail
