#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

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

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

ToolCall read_tool_call(const Json& json);

/// Reads {"add_generation_prompt", "enable_thinking", "tools"}, each of which may be missing.
ChatOptions read_chat_options(const Json& json);

/// Reads a message in the form that chat programs share:
///   {"role", "content", "reasoning_content", "tool_calls": [{"function": {"name", "arguments"}}]}
/// The last two may be missing or null, "function" may be left out around its members, and arguments are a
/// string or any other value, which is then written as JSON. Throws if it is of another form.
Message read_message(const Json& json);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "chat_message.ipp"
#endif
