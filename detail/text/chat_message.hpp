#pragma once
#include "../io/json.hpp"
#include "../io/json_writer.hpp"
#include "json_members.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moe {

/// A function that the model wants to be called.
struct ToolCall {
  std::string name;
  std::string arguments;  // JSON
};

/// One turn of a conversation.
struct Message {
  std::string role;  // "system", "user", "assistant" or "tool"
  std::string content;
  std::optional<std::string> reasoning_content = {};  // what an assistant thought before it spoke
  std::vector<ToolCall> tool_calls = {};
};

struct ChatOptions {
  bool add_generation_prompt = true;    // end with the beginning of an assistant's turn
  bool enable_thinking = true;          // let it think before it speaks
  std::vector<std::string> tools = {};  // functions it may call, each described in JSON
};

namespace detail {

inline ToolCall read_tool_call(const Json& json) {
  const Json function = find_value(json, "function");
  const Json call = function ? function : json;
  const Json arguments = call.at("arguments");
  return {std::string(call.at("name").as_string()),
          arguments.is_string() ? std::string(arguments.as_string()) : to_json(arguments)};
}

}  // namespace detail

/// Reads {"add_generation_prompt", "enable_thinking", "tools"}, each of which may be missing.
inline ChatOptions read_chat_options(const Json& json) {
  ChatOptions options;
  options.add_generation_prompt = detail::find_flag(json, "add_generation_prompt", true);
  options.enable_thinking = detail::find_flag(json, "enable_thinking", true);
  if (const Json tools = detail::find_value(json, "tools"))
    for (const Json tool : tools.as_array()) options.tools.push_back(to_json(tool));
  return options;
}

/// Reads a message in the form that chat programs share:
///   {"role", "content", "reasoning_content", "tool_calls": [{"function": {"name", "arguments"}}]}
/// The last two may be missing or null, "function" may be left out around its members, and arguments are a
/// string or any other value, which is then written as JSON. Throws if it is of another form.
inline Message read_message(const Json& json) {
  Message message{std::string(json.at("role").as_string()), std::string(json.at("content").as_string())};
  if (const Json reasoning = detail::find_value(json, "reasoning_content"))
    message.reasoning_content = reasoning.as_string();
  if (const Json calls = detail::find_value(json, "tool_calls"))
    for (const Json call : calls.as_array()) message.tool_calls.push_back(detail::read_tool_call(call));
  return message;
}

}  // namespace moe
