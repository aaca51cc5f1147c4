// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// A call of a function that the model requests.
struct ToolCall {
  std::string name;       // of the function
  std::string arguments;  // JSON; a text that is no JSON is passed to the template as a string
  std::string id = {};    // some templates need one
};

/// A turn of a conversation.
struct Message {
  std::string role;     // such as "system", "user", "assistant" or "tool"
  std::string content;  // the text
  // The text in which an assistant reasons before it answers.
  std::optional<std::string> reasoning_content = {};
  std::vector<ToolCall> tool_calls = {};  // of an assistant
  std::string tool_call_id = {};          // of a tool's answer: the call that it belongs to
  std::string name = {};                  // of a tool's answer: the name of the tool
  std::string parts = {};  // JSON, in place of `content`: a list such as [{"type": "text", "text": "Hi"}]
};

/// Variables of a chat template beside the messages.
struct ChatOptions {
  bool add_generation_prompt = true;  // whether the text ends with the beginning of an assistant's turn
  // Whether the model reasons before it answers. Empty: the template decides.
  std::optional<bool> enable_thinking = {};
  std::vector<std::string> tools = {};  // functions that the model may call, each described in JSON
  // More variables of the template: name, JSON.
  std::vector<std::pair<std::string, std::string>> variables = {};
  std::string now = {};  // the local time for strftime_now, as 2026-01-02T03:04:05; empty: the clock
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Reads {"add_generation_prompt", "tools", ...}: both members may be missing; any other member is a variable of the template.
ChatOptions read_chat_options(const Json& json);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "chat_message.ipp"
#endif
