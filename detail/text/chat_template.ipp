#pragma once
#include "chat_template.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "../io/json.hpp"
#include "json_members.hpp"
#include "qwen3_chat.hpp"

#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// `chat_template` in tokenizer_config.json: a text, or a list of texts with names.
inline std::string_view default_template(const Json& value) {
  if (!value.is_array()) return value.as_string();
  for (const Json element : value)
    if (element.at("name").as_string() == "default") return element.at("template").as_string();
  value.fail_here("a template of the name \"default\"", "none");
}

/// The template of a GGUF file; without a text if `path` is empty or the file has no template.
inline ChatTemplateText gguf_chat_template(const std::string& path) {
  if (path.empty()) return {};
  const GgufMetadata metadata = parse_gguf(File(path)).metadata;
  return {std::string(metadata.text("tokenizer.chat_template").value_or("")), path};
}

MOE_INLINE ChatTemplateText read_chat_template(const std::string& path) {
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

/// Recognises the template of a family of models: the text contains all markers. A family without a function is known only
/// so that errors can name it.
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

/// The first entry that matches counts.
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

MOE_INLINE ChatTemplate::ChatTemplate(std::string_view text, std::string_view file) {
  for (const detail::KnownTemplate& known : detail::known_templates) {
    if (!known.matches(text)) continue;
    if (!known.render)
      detail::fail(file, "chat template", "the template of Qwen3",
                   detail::concat("the template of ", known.name, ", which is not supported"));
    render_ = known.render;
    return;
  }
  detail::fail(file, "chat template", "the template of Qwen3", "an unknown template, which is not supported");
}

}  // namespace moe::inline MOE_ABI
