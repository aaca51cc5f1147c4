#pragma once
#include "../core/config.hpp"
#include "chat_message.hpp"

#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The template of a checkpoint, and the file that it is from.
struct ChatTemplateText {
  std::string text, file;
};

/// `path`: the checkpoint's directory or a file in it. The template of a GGUF file comes before the templates of its
/// directory; in a directory, chat_template.jinja comes before the member of tokenizer_config.json. Throws if there is none.
ChatTemplateText read_chat_template(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Writes conversations in the form that a model was trained on. Templates are programs in Jinja; this class does not run
/// them, but recognises the template of Qwen3 and refuses all others.
class ChatTemplate {
 public:
  /// `path`: a checkpoint's directory, or a file in it. Throws if it has no template, or an unsupported template.
  explicit ChatTemplate(const std::string& path) : ChatTemplate(detail::read_chat_template(path)) {}

  /// Recognises a template by its text; `file` is for errors.
  ChatTemplate(std::string_view text, std::string_view file);

  /// The text of a conversation, with special tokens: encode it without the special tokens of the tokenizer. Throws if the
  /// template refuses the conversation.
  std::string render(std::span<const Message> messages, const ChatOptions& options = {}) const {
    return render_(messages, options);
  }

 private:
  explicit ChatTemplate(const detail::ChatTemplateText& found) : ChatTemplate(found.text, found.file) {}

  std::string (*render_)(std::span<const Message>, const ChatOptions&) = nullptr;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "chat_template.ipp"
#endif
