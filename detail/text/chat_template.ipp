#pragma once
#include "chat_template.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "json_members.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string_view default_template(const Json& value) {
  if (!value.is_array()) return value.as_string();
  for (const Json element : value)
    if (element.at("name").as_string() == "default") return element.at("template").as_string();
  value.fail_here("a template of the name \"default\"", "none");
}

MOE_INLINE ChatTemplateText gguf_chat_template(const std::string& path) {
  if (path.empty()) return {};
  const GgufMetadata metadata = GgufParser(File(path)).parse().metadata;
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

MOE_INLINE bool KnownTemplate::matches(std::string_view text) const {
  for (const std::string_view marker : markers)
    if (text.find(marker) == text.npos) return false;
  return true;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ChatTemplate::ChatTemplate(std::string_view text, std::string_view file) {
  for (const detail::KnownTemplate& known : detail::known_templates) {
    if (!known.matches(text)) continue;
    detail::expect(known.render != nullptr, file, "chat template", "that of Qwen3", known.name);
    render_ = known.render;
    return;
  }
  detail::fail(file, "chat template", "that of Qwen3", "an unknown one");
}

}  // namespace moe::inline MOE_ABI
