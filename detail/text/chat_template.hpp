#pragma once
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "../io/json.hpp"
#include "chat_message.hpp"
#include "json_members.hpp"
#include "qwen3_chat.hpp"

#include <span>
#include <string>
#include <string_view>

namespace moe {
namespace detail {

/// `chat_template` in tokenizer_config.json: a text, or a list of them with names.
inline std::string_view default_template(const Json& value) {
  if (!value.is_array()) return value.as_string();
  for (const Json element : value)
    if (element.at("name").as_string() == "default") return element.at("template").as_string();
  value.fail_here("a template of the name \"default\"", "none");
}

/// The template of a checkpoint, and the file it is from.
struct ChatTemplateText {
  std::string text, file;
};

/// That of a GGUF file; without a text if it has none.
inline ChatTemplateText gguf_chat_template(const std::string& path) {
  if (path.empty()) return {};
  const GgufMetadata metadata = GgufParser(File(path)).parse().metadata;
  return {std::string(metadata.text("tokenizer.chat_template").value_or("")), path};
}

/// `path`: the checkpoint's directory or a file in it. A GGUF file has its own before those of the directory, of which
/// the newer chat_template.jinja comes before the member of tokenizer_config.json.
inline ChatTemplateText read_chat_template(const std::string& path) {
  const bool is_file_of_it = !is_directory(path);
  if (ChatTemplateText found = gguf_chat_template(is_file_of_it ? find_gguf(path) : ""); !found.text.empty())
    return found;
  const std::string directory = is_file_of_it ? parent_directory(path) : path;
  const std::string jinja = join_path(directory, "chat_template.jinja");
  if (is_file(jinja)) return {read_text(jinja), jinja};
  const std::string file = join_path(directory, "tokenizer_config.json");
  if (is_file(file)) {
    const JsonDocument config(read_text(file), file);
    if (const Json text = find_value(config.root(), "chat_template"))
      return {std::string(default_template(text)), file};
  }
  if (!is_file_of_it)
    if (ChatTemplateText found = gguf_chat_template(gguf_in_directory(path)); !found.text.empty())
      return found;
  fail(path, "chat template",
       "chat_template.jinja, or chat_template in tokenizer_config.json or in a GGUF model", "none");
}

/// How to know the template of a family of models: it contains all of these texts. What is here without a
/// function is known, so that it can be refused by name.
struct KnownTemplate {
  std::string_view name;
  std::string_view markers[2];
  std::string (*render)(std::span<const Message>, const ChatOptions&) = nullptr;

  bool matches(std::string_view text) const {
    for (const std::string_view marker : markers)
      if (text.find(marker) == text.npos) return false;
    return true;
  }
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

}  // namespace detail

/// Writes conversations as a model was trained to read them. Templates are programs in Jinja; instead of
/// running them, this class knows some and refuses the others.
class ChatTemplate {
 public:
  /// `path`: a checkpoint's directory, or a file in it. Throws if it has no template, or one that is unknown.
  explicit ChatTemplate(const std::string& path) : ChatTemplate(detail::read_chat_template(path)) {}

  /// Recognises a template by its text; `file` says in errors where it is from.
  ChatTemplate(std::string_view text, std::string_view file) {
    for (const detail::KnownTemplate& known : detail::known_templates) {
      if (!known.matches(text)) continue;
      expect(known.render != nullptr, file, "chat template", "that of Qwen3", known.name);
      render_ = known.render;
      return;
    }
    fail(file, "chat template", "that of Qwen3", "an unknown one");
  }

  /// The text of a conversation, special tokens included: encode it without those of the tokenizer. Throws if
  /// the template does.
  std::string render(std::span<const Message> messages, const ChatOptions& options = {}) const {
    return render_(messages, options);
  }

 private:
  explicit ChatTemplate(const detail::ChatTemplateText& found) : ChatTemplate(found.text, found.file) {}

  std::string (*render_)(std::span<const Message>, const ChatOptions&) = nullptr;
};

}  // namespace moe
