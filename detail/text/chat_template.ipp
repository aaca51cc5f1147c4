#pragma once
#include "chat_template.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/gguf_array.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "jinja/json.hpp"
#include "jinja/operators.hpp"
#include "jinja/template.hpp"
#include "json_members.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// ---- Where a template is found

/// The template of a checkpoint, the file that it is from, and the special tokens beside it.
struct ChatTemplateText {
  std::string text, file;
  SpecialTokens special_tokens = {};
};

/// `chat_template` in tokenizer_config.json: a text, or a list of texts with names.
inline std::string_view default_template(const Json& value) {
  if (!value.is_array()) return value.as_string();
  for (const Json element : value)
    if (element.at("name").as_string() == "default") return element.at("template").as_string();
  value.fail_here("a template of the name \"default\"", "none");
}

inline constexpr std::string_view special_token_names[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                           "pad_token", "cls_token", "mask_token"};

/// The special tokens of a tokenizer_config.json or special_tokens_map.json: texts, or objects with a content.
inline void add_special_tokens(SpecialTokens& tokens, const std::string& path) {
  if (!is_file(path)) return;
  const JsonDocument document(read_text(path), path);
  for (const std::string_view name : special_token_names) {
    const Json token = find_value(document.root(), name);
    if (!token) continue;
    const Json content = token.is_object() ? token.at("content") : token;
    if (!content.is_string()) continue;
    const auto is_known = [&](const auto& known) { return known.first == name; };
    if (std::none_of(tokens.begin(), tokens.end(), is_known)) tokens.emplace_back(name, content.as_string());
  }
}

/// The texts of the tokens whose ids the metadata names.
inline SpecialTokens gguf_special_tokens(const File& file, const GgufMetadata& metadata) {
  constexpr std::pair<std::string_view, std::string_view> keys[] = {
      {"bos_token", "tokenizer.ggml.bos_token_id"},
      {"eos_token", "tokenizer.ggml.eos_token_id"},
      {"unk_token", "tokenizer.ggml.unknown_token_id"},
      {"pad_token", "tokenizer.ggml.padding_token_id"}};
  SpecialTokens found;
  if (!metadata.find("tokenizer.ggml.tokens")) return found;
  std::vector<std::pair<std::uint64_t, std::string_view>> wanted;
  for (const auto& [name, key] : keys)
    if (const auto id = metadata.whole(key)) wanted.emplace_back(*id, name);
  GgufArray tokens(file, metadata, "tokenizer.ggml.tokens", GgufType::string);
  std::uint64_t last = 0;
  for (const auto& [id, name] : wanted) last = std::max(last, id + 1);
  for (std::uint64_t i = 0; i < std::min(last, tokens.count()); ++i) {
    const std::string text = tokens.text(65535);
    for (const auto& [id, name] : wanted)
      if (id == i) found.emplace_back(name, text);
  }
  return found;
}

/// The template of a GGUF file; without a text if `path` is empty or the file has no template.
inline ChatTemplateText gguf_chat_template(const std::string& path) {
  if (path.empty()) return {};
  const File file(path);
  const GgufMetadata metadata = parse_gguf(file).metadata;
  const std::string_view text = metadata.text("tokenizer.chat_template").value_or("");
  if (text.empty()) return {};
  return {std::string(text), path, gguf_special_tokens(file, metadata)};
}

inline ChatTemplateText read_chat_template(const std::string& path) {
  const bool is_file_of_it = !is_directory(path);
  if (ChatTemplateText found = gguf_chat_template(is_file_of_it ? find_gguf(path) : ""); !found.text.empty())
    return found;
  const std::string directory = is_file_of_it ? parent_directory(path) : path;
  const std::string config_file = join_path(directory, "tokenizer_config.json");
  SpecialTokens tokens;
  add_special_tokens(tokens, config_file);
  add_special_tokens(tokens, join_path(directory, "special_tokens_map.json"));
  const std::string jinja = join_path(directory, "chat_template.jinja");
  if (is_file(jinja)) return {read_text(jinja), jinja, std::move(tokens)};
  if (is_file(config_file)) {
    const JsonDocument config(read_text(config_file), config_file);
    if (const Json text = find_value(config.root(), "chat_template"))
      return {std::string(default_template(text)), config_file, std::move(tokens)};
  }
  if (!is_file_of_it)
    if (ChatTemplateText found = gguf_chat_template(gguf_in_directory(path)); !found.text.empty())
      return found;
  fail(path, "chat template",
       "chat_template.jinja, or chat_template in tokenizer_config.json or in a GGUF model", "none");
}

// ---- The variables of a template

namespace jinja {

/// Reads `2026-01-02T03:04:05`.
inline LocalTime parse_time(std::string_view text) {
  int numbers[6] = {};
  constexpr std::string_view signs = "--T::";
  std::string_view rest = text;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), numbers[i]);
    rest.remove_prefix(static_cast<std::size_t>(result.ptr - rest.data()));
    const bool ends = i < 5 ? rest.starts_with(signs[i]) : rest.empty();
    if (result.ec != std::errc() || !ends || numbers[i] < 0)
      fail("chat options", "now", "a time such as 2026-01-02T03:04:05", text);
    if (i < 5) rest.remove_prefix(1);
  }
  const auto [year, month, day, hour, minute, second] = numbers;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 ||
      year > 9999)
    fail("chat options", "now", "a time such as 2026-01-02T03:04:05", text);
  return {year, month, day, hour, minute, second};
}

inline LocalTime local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
#if defined(_WIN32)
  localtime_s(&fields, &now);
#else
  localtime_r(&now, &fields);
#endif
  return {fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday,
          fields.tm_hour,        fields.tm_min,     fields.tm_sec};
}

/// Makes the variables of a rendering. Must live as long as the rendering: values are views of its documents.
class ChatVariables {
 public:
  explicit ChatVariables(Memory& memory) : memory_(memory) {}

  Memory& memory() { return memory_; }

  /// `text` is JSON.
  Value parsed(const std::string& text, std::string_view name) {
    return from_json(memory_, documents_.emplace_back(text, std::string(name)).root());
  }

  Value message(const Message& message) {
    memory_.allow(64 + message.content.size() +
                  (message.reasoning_content ? message.reasoning_content->size() : 0));
    std::vector<std::pair<Value, Value>> members;
    const auto add = [&](std::string_view name, const Value& value) {
      members.emplace_back(Value::of_text(name), value);
    };
    add("role", Value::of_text(message.role));
    add("content",
        message.parts.empty() ? Value::of_text(message.content) : parsed(message.parts, "message parts"));
    if (message.reasoning_content) add("reasoning_content", Value::of_text(*message.reasoning_content));
    if (!message.tool_calls.empty()) {
      std::vector<Value> calls;
      for (const ToolCall& call : message.tool_calls) calls.push_back(tool_call(call));
      add("tool_calls", memory_.list(std::move(calls)));
    }
    if (!message.tool_call_id.empty()) add("tool_call_id", Value::of_text(message.tool_call_id));
    if (!message.name.empty()) add("name", Value::of_text(message.name));
    return make_dict(memory_, std::move(members));
  }

  Template::Variables all(const Value& messages, const SpecialTokens& tokens, const ChatOptions& options) {
    std::vector<Value> tools;
    for (const std::string& tool : options.tools) tools.push_back(parsed(tool, "tool"));
    Template::Variables out = {
        {"messages", messages},
        {"tools", tools.empty() ? Value::none() : memory_.list(std::move(tools))},
        {"documents", Value::none()},
        {"add_generation_prompt", Value::of_boolean(options.add_generation_prompt)},
    };
    for (const auto& [name, text] : tokens) out.emplace_back(name, Value::of_text(text));
    if (options.enable_thinking)
      out.emplace_back("enable_thinking", Value::of_boolean(*options.enable_thinking));
    for (const auto& [name, json] : options.variables) out.emplace_back(name, parsed(json, name));
    return out;
  }

 private:
  Value tool_call(const ToolCall& call) {
    std::vector<std::pair<Value, Value>> function = {
        {Value::of_text("name"), Value::of_text(call.name)},
        {Value::of_text("arguments"), arguments(call.arguments)},
    };
    std::vector<std::pair<Value, Value>> members = {
        {Value::of_text("type"), Value::of_text("function")},
        {Value::of_text("function"), make_dict(memory_, std::move(function))},
    };
    if (!call.id.empty()) members.emplace_back(Value::of_text("id"), Value::of_text(call.id));
    return make_dict(memory_, std::move(members));
  }

  Value arguments(const std::string& text) {
    std::optional<JsonDocument> document;
    try {
      document.emplace(text, "arguments");
    } catch (const Error&) {
      return Value::of_text(text);
    }
    return from_json(memory_, documents_.emplace_back(std::move(*document)).root());
  }

  Memory& memory_;
  std::deque<JsonDocument> documents_;
};

/// `messages(variables)` makes the value of the messages.
template <class MakeMessages>
std::string render_chat(const Template& chat, const SpecialTokens& tokens, const ChatOptions& options,
                        MakeMessages messages) {
  const LocalTime now = options.now.empty() ? local_time() : parse_time(options.now);
  std::optional<ChatVariables> variables;
  return chat.render(now, [&](Memory& memory) {
    variables.emplace(memory);
    return variables->all(messages(*variables), tokens, options);
  });
}

}  // namespace jinja

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ChatTemplate::ChatTemplate(std::string_view text, std::string_view file,
                                      detail::SpecialTokens special_tokens)
    : template_(
          std::make_shared<const detail::jinja::Template>(text, detail::concat(file, ": chat template"))),
      special_tokens_(std::move(special_tokens)) {}

MOE_INLINE ChatTemplate::ChatTemplate(const std::string& path) {
  detail::ChatTemplateText found = detail::read_chat_template(path);
  *this = ChatTemplate(found.text, found.file, std::move(found.special_tokens));
}

MOE_INLINE std::string ChatTemplate::render(std::span<const Message> messages,
                                            const ChatOptions& options) const {
  return render_chat(*template_, special_tokens_, options, [&](detail::jinja::ChatVariables& variables) {
    std::vector<detail::jinja::Value> values;
    for (const Message& message : messages) values.push_back(variables.message(message));
    return variables.memory().list(std::move(values));
  });
}

MOE_INLINE std::string ChatTemplate::render(const Json& messages, const ChatOptions& options) const {
  return render_chat(*template_, special_tokens_, options, [&](detail::jinja::ChatVariables& variables) {
    return detail::jinja::from_json(variables.memory(), messages);
  });
}

}  // namespace moe::inline MOE_ABI
