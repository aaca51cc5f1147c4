#pragma once
#include "qwen3_chat.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// Every function stands for a block of the template.

inline constexpr std::string_view qwen3_tools_begin =
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
inline constexpr std::string_view qwen3_tools_end =
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags:\n<tool_call>\n"
    "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";

inline std::string_view skip_newlines(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  return text;
}

inline std::string_view drop_newlines(std::string_view text) {
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

/// The turn of the system. With tools, the turn is always there; without tools, only if the first message is the system's.
inline void append_qwen3_head(std::string& out, const Message& first, const std::vector<std::string>& tools) {
  const bool has_system = first.role == "system";
  if (!has_system && tools.empty()) return;
  out += "<|im_start|>system\n";
  if (has_system) out += first.content;
  if (has_system && !tools.empty()) out += "\n\n";
  if (!tools.empty()) {
    out += qwen3_tools_begin;
    for (const std::string& tool : tools) out += concat('\n', tool);
    out += qwen3_tools_end;
  }
  out += "<|im_end|>\n";
}

/// The index of the last message of a user that is no answer of a tool; the last index if there is none.
inline std::size_t last_query_index(std::span<const Message> messages) {
  for (std::size_t i = messages.size(); i-- > 0;) {
    const auto& [role, content, reasoning, calls] = messages[i];
    const bool answer = content.starts_with("<tool_response>") && content.ends_with("</tool_response>");
    if (role == "user" && !answer) return i;
  }
  return messages.size() - 1;
}

struct Qwen3Speech {
  std::string_view reasoning, content;
};

/// The reasoning and the answer of an assistant. One text may hold both: <think>reasoning</think>answer.
inline Qwen3Speech split_speech(const Message& message) {
  const std::string_view content = message.content;
  constexpr std::string_view open = "<think>", close = "</think>";
  if (message.reasoning_content) return {*message.reasoning_content, content};
  const std::size_t first_close = content.find(close);
  if (first_close == content.npos) return {"", content};
  std::string_view reasoning = drop_newlines(content.substr(0, first_close));
  if (const std::size_t last_open = reasoning.rfind(open); last_open != reasoning.npos)
    reasoning.remove_prefix(last_open + open.size());
  return {skip_newlines(reasoning), skip_newlines(content.substr(content.rfind(close) + close.size()))};
}

/// The turn of an assistant. Reasoning is written only after the last query.
inline void append_qwen3_assistant(std::string& out, const Message& message, bool after_query, bool last) {
  const auto [reasoning, content] = split_speech(message);
  out += "<|im_start|>assistant\n";
  if (after_query && (last || !reasoning.empty())) {
    out += concat("<think>\n", drop_newlines(skip_newlines(reasoning)), "\n</think>\n\n",
                  skip_newlines(content));
  } else {
    out += content;
  }
  bool line_break = !content.empty();
  for (const ToolCall& call : message.tool_calls) {
    if (line_break) out += '\n';
    line_break = true;
    out += concat("<tool_call>\n{\"name\": \"", call.name, "\", \"arguments\": ", call.arguments,
                  "}\n</tool_call>");
  }
  out += "<|im_end|>\n";
}

/// Consecutive answers of tools are one turn of the user.
inline void append_qwen3_tool_answer(std::string& out, std::span<const Message> messages, std::size_t i) {
  const bool first = i == 0 || messages[i - 1].role != "tool";
  const bool last = i + 1 == messages.size() || messages[i + 1].role != "tool";
  if (first) out += "<|im_start|>user";
  out += concat("\n<tool_response>\n", messages[i].content, "\n</tool_response>");
  if (last) out += "<|im_end|>\n";
}

MOE_INLINE std::string render_qwen3(std::span<const Message> messages, const ChatOptions& options) {
  expect(!messages.empty(), "chat template", "messages", "at least one", "none");
  std::string out;
  append_qwen3_head(out, messages.front(), options.tools);
  const std::size_t query = last_query_index(messages);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string& role = messages[i].role;
    if (role == "user" || (role == "system" && i > 0))
      out += concat("<|im_start|>", role, '\n', messages[i].content, "<|im_end|>\n");
    if (role == "assistant") append_qwen3_assistant(out, messages[i], i > query, i + 1 == messages.size());
    if (role == "tool") append_qwen3_tool_answer(out, messages, i);
  }
  if (options.add_generation_prompt) out += "<|im_start|>assistant\n";
  if (options.add_generation_prompt && !options.enable_thinking) out += "<think>\n\n</think>\n\n";
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
