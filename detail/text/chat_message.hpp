#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

/// A call of a function that the model asks for.
struct ToolCall {
  std::string name;
  std::string arguments;  // JSON
};

/// One turn of a conversation.
struct Message {
  std::string role;  // "system", "user", "assistant" or "tool"
  std::string content;
  std::optional<std::string> reasoning_content =
      {};  // the text in which an assistant reasons before it answers
  std::vector<ToolCall> tool_calls = {};
};

struct ChatOptions {
  bool add_generation_prompt = true;    // end with the begin of an assistant's turn
  bool enable_thinking = true;          // let the model reason before it answers
  std::vector<std::string> tools = {};  // functions that the model may call, each described in JSON
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Reads {"add_generation_prompt", "enable_thinking", "tools"}. Members may be missing.
ChatOptions read_chat_options(const Json& json);

/// Reads a message in the usual form of chat programs:
///   {"role", "content", "reasoning_content", "tool_calls": [{"function": {"name", "arguments"}}]}
/// "reasoning_content" and "tool_calls" may be missing or null. A tool call may be the object {"name", "arguments"} itself.
/// "arguments" is a string, or any value, which is then written as JSON. Throws if the message has another form.
Message read_message(const Json& json);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "chat_message.ipp"
#endif
