// SPDX-License-Identifier: MIT
#pragma once
#include "chat_message.hpp"
#include "../io/json_writer.hpp"
#include "json_members.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ChatOptions read_chat_options(const Json& json) {
  ChatOptions options;
  options.add_generation_prompt = find_flag(json, "add_generation_prompt", true);
  if (const Json tools = find_value(json, "tools")) {
    for (const Json tool : tools.as_array()) options.tools.push_back(to_json(tool));
    // A template gets None for an empty options.tools, so this variable passes the empty list.
    if (options.tools.empty()) options.variables.emplace_back("tools", "[]");
  }
  for (const Json member : json)
    if (member.key() != "add_generation_prompt" && member.key() != "tools")
      options.variables.emplace_back(member.key(), to_json(member));
  return options;
}

}  // namespace moe::inline MOE_ABI::detail
