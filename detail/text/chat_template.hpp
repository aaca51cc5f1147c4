#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "chat_message.hpp"
#include "qwen3_chat.hpp"

#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// `chat_template` in tokenizer_config.json: a text, or a list of them with names.
std::string_view default_template(const Json& value);

/// The template of a checkpoint, and the file it is from.
struct ChatTemplateText {
  std::string text, file;
};

/// That of a GGUF file; without a text if it has none.
ChatTemplateText gguf_chat_template(const std::string& path);

/// `path`: the checkpoint's directory or a file in it. A GGUF file has its own before those of the directory, of which
/// the newer chat_template.jinja comes before the member of tokenizer_config.json.
ChatTemplateText read_chat_template(const std::string& path);

/// How to know the template of a family of models: it contains all of these texts. What is here without a
/// function is known, so that it can be refused by name.
struct KnownTemplate {
  std::string_view name;
  std::string_view markers[2];
  std::string (*render)(std::span<const Message>, const ChatOptions&) = nullptr;

  bool matches(std::string_view text) const;
};

/// The first that matches counts.
inline constexpr KnownTemplate known_templates[] = {
    {"gpt-oss (harmony)", {"<|channel|>"}},
    {"Llama 3", {"<|start_header_id|>"}},
    {"GLM", {"[gMASK]"}},
    {"Mistral", {"[INST]"}},
    {"DeepSeek", {"Assistant\xef\xbd\x9c>"}},  // with a wide bar, U+FF5C
    {"Qwen3-Coder or Qwen3.5", {"<|im_start|>", "<function="}},
    {"SmolLM3", {"<|im_start|>", "xml_tools"}},
    {"Qwen3", {"<|im_start|>", "enable_thinking"}, render_qwen3},
    {"ChatML without thinking", {"<|im_start|>"}},
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Writes conversations as a model was trained to read them. Templates are programs in Jinja; instead of
/// running them, this class knows some and refuses the others.
class ChatTemplate {
 public:
  /// `path`: a checkpoint's directory, or a file in it. Throws if it has no template, or one that is unknown.
  explicit ChatTemplate(const std::string& path) : ChatTemplate(detail::read_chat_template(path)) {}

  /// Recognises a template by its text; `file` says in errors where it is from.
  ChatTemplate(std::string_view text, std::string_view file);

  /// The text of a conversation, special tokens included: encode it without those of the tokenizer. Throws if
  /// the template does.
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
