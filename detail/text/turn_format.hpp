// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "chat_message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// How a chat template writes an assistant's turn, as its renderings show. A member that no rendering shows is empty.
struct TurnFormat {
  /// The texts after the last word of a turn.
  struct Closing {
    std::string at_end;       // if no message follows: up to the end of the conversation
    std::string before_next;  // if a message follows: up to the first word of the message
  };

  std::string opening;  // the generation prompt: what add_generation_prompt adds to a user's message
  std::vector<Closing> closings;   // of an answer, and of a call of a tool
  std::vector<std::string> inner;  // texts between the reasoning and the answer of one turn
  std::string between_calls;       // the text between two calls of tools in one turn

  std::string reasoning_member;  // the member of a message that the template writes as reasoning
  // The markers around reasoning, without white space around the markers.
  std::string reasoning_begin, reasoning_end;
  // Markers of an answer that stand beside reasoning_end, as in harmony.
  std::vector<std::string> answer_marks;
};

/// Renders conversations with and without reasoning, calls and following messages, and compares the texts. A conversation
/// that the template refuses shows nothing, and is no error. `render(messages, options)`: messages in JSON.
///
/// The markers of reasoning are the texts around a message's reasoning that a turn without reasoning does not have. If these
/// texts contain a pair of markers of published templates, only the pair counts. If no rendering shows markers, such a pair also
/// counts if the generation prompt ends with the first marker or with both markers of the pair (an empty reasoning), or if the
/// template removes a text between the two markers from the content of earlier turns.
TurnFormat find_turn_format(
    FunctionRef<std::string(const std::string& messages, const ChatOptions& options)> render);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "turn_format.ipp"
#endif
