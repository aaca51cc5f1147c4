#pragma once
#include "chat_message.hpp"
#include "../io/json_writer.hpp"
#include "json_members.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

inline ToolCall read_tool_call(const Json& json) {
  const Json function = find_value(json, "function");
  const Json call = function ? function : json;
  const Json arguments = call.at("arguments");
  return {std::string(call.at("name").as_string()),
          arguments.is_string() ? std::string(arguments.as_string()) : to_json(arguments)};
}

MOE_INLINE ChatOptions read_chat_options(const Json& json) {
  ChatOptions options;
  options.add_generation_prompt = find_flag(json, "add_generation_prompt", true);
  options.enable_thinking = find_flag(json, "enable_thinking", true);
  if (const Json tools = find_value(json, "tools"))
    for (const Json tool : tools.as_array()) options.tools.push_back(to_json(tool));
  return options;
}

MOE_INLINE Message read_message(const Json& json) {
  Message message{std::string(json.at("role").as_string()), std::string(json.at("content").as_string())};
  if (const Json reasoning = find_value(json, "reasoning_content"))
    message.reasoning_content = reasoning.as_string();
  if (const Json calls = find_value(json, "tool_calls"))
    for (const Json call : calls.as_array()) message.tool_calls.push_back(read_tool_call(call));
  return message;
}

}  // namespace moe::inline MOE_ABI::detail
