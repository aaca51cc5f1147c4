// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "chat_message.hpp"
#include "special_tokens.hpp"
#include "turn_format.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI {

/// Writes conversations in the form that a model was trained on: runs the checkpoint's own template, a program in Jinja, as
/// transformers does. A template can access its variables only; the steps and the memory of a template are limited. Thread-safe.
class ChatTemplate {
 public:
  /// `path`: a checkpoint's directory, or a file in it. If `path` is a GGUF file with a template, this template takes
  /// precedence over the templates in the file's directory. In a directory, chat_template.jinja takes precedence over
  /// chat_template in tokenizer_config.json, and both take precedence over the template of a GGUF file. The special tokens come
  /// from the GGUF file or from the directory, like the template. Throws if there is no template, or if the template uses
  /// something that is not supported.
  explicit ChatTemplate(const std::string& path);

  /// `text`: the template itself; `file` is for errors.
  ChatTemplate(std::string_view text, std::string_view file, detail::SpecialTokens special_tokens = {});

  /// The text of a conversation, with special tokens: encode it without the special tokens of the tokenizer. Throws an Error
  /// with the template's message and place if the template refuses the conversation.
  std::string render(std::span<const Message> messages, const ChatOptions& options = {}) const;

  /// Renders messages in JSON, which may have members of any kind: [{"role": "user", "content": "Hi"}].
  std::string render(const Json& messages, const ChatOptions& options = {}) const;

  /// The message that adds an answer to the history of a conversation. The reasoning, if there is any, stands where the
  /// template expects reasoning: in `reasoning_content`, or in the content between the markers of reasoning if the template
  /// reads no other place.
  Message answer(std::string content, std::string reasoning = {}) const;

  /// How the template writes an assistant's turn. The first call finds the format by rendering dozens of short conversations.
  const detail::TurnFormat& turn_format() const;

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "chat_template.ipp"
#endif
