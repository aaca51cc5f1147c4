#pragma once
#include "../core/config.hpp"
#include "chat_message.hpp"

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// Conversations as the chat template of Qwen3 writes them (the hybrid models of 2025, which think or do not).
// Every function stands for a block of that template.

std::string_view skip_newlines(std::string_view text);

std::string_view drop_newlines(std::string_view text);

inline constexpr std::string_view qwen3_tools_begin =
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
inline constexpr std::string_view qwen3_tools_end =
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags:\n<tool_call>\n"
    "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";

/// The system's turn. With tools there always is one, without them only if the first message is the system's.
void append_qwen3_head(std::string& out, const Message& first, const std::vector<std::string>& tools);

/// The index of the last question that a user asked, rather than a tool answered; the last index if none did.
std::size_t last_query_index(std::span<const Message> messages);

struct Qwen3Speech {
  std::string_view reasoning, content;
};

/// What an assistant thought and said, which may be in one text: <think>thought</think>said.
Qwen3Speech split_speech(const Message& message);

/// An assistant's turn. Its thoughts are only repeated after the last query, where its work is not done yet.
void append_qwen3_assistant(std::string& out, const Message& message, bool after_query, bool last);

/// Answers of tools, one after the other, are one turn of the user.
void append_qwen3_tool_answer(std::string& out, std::span<const Message> messages, std::size_t i);

/// Messages of unknown roles are left out, as the template does. Throws if there is no message at all.
std::string render_qwen3(std::span<const Message> messages, const ChatOptions& options);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "qwen3_chat.ipp"
#endif
