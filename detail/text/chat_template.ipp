// SPDX-License-Identifier: MIT
#pragma once
#include "chat_template.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
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
#include <mutex>
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

/// The template in `chat_template` of tokenizer_config.json: a text, or the text with the name "default" in a list.
inline std::string_view default_template(const Json& value) {
  if (!value.is_array()) return value.as_string();
  for (const Json element : value)
    if (element.at("name").as_string() == "default") return element.at("template").as_string();
  value.fail_here("a template with the name \"default\"", "none");
}

/// The template of a GGUF file; its text is empty if `path` is empty or the file has no template.
inline ChatTemplateText gguf_chat_template(const std::string& path) {
  if (path.empty()) return {};
  const File file(path);
  const GgufMetadata metadata = parse_gguf(file).metadata;
  const std::string_view text = metadata.text("tokenizer.chat_template").value_or("");
  if (text.empty()) return {};
  return {std::string(text), path, gguf_special_tokens(file, metadata)};
}

inline ChatTemplateText read_chat_template(const std::string& path) {
  const bool path_is_file = !is_directory(path);
  if (ChatTemplateText found = gguf_chat_template(path_is_file ? find_gguf(path) : ""); !found.text.empty())
    return found;
  const std::string directory = path_is_file ? parent_directory(path) : path;
  const std::string config_file = join_path(directory, "tokenizer_config.json");
  SpecialTokens tokens = read_special_tokens(directory);
  const std::string jinja = join_path(directory, "chat_template.jinja");
  if (is_file(jinja)) return {read_text(jinja), jinja, std::move(tokens)};
  if (is_file(config_file)) {
    const JsonDocument config(read_text(config_file), config_file);
    if (const Json text = find_value(config.root(), "chat_template"))
      return {std::string(default_template(text)), config_file, std::move(tokens)};
  }
  if (!path_is_file)
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

/// Makes the variables of a rendering. Must live as long as the rendering, because the values are views of documents_.
class ChatVariables {
 public:
  explicit ChatVariables(Memory& memory) : memory_(memory) {}

  Memory& memory() { return memory_; }

  /// `text` is JSON.
  Value parsed(const std::string& text, std::string_view name) {
    return from_json(memory_, documents_.emplace_back(text, std::string(name)).root());
  }

  /// `reasoning_member`: the member in which this template expects reasoning_content; empty: reasoning_content.
  Value message(const Message& message, std::string_view reasoning_member) {
    memory_.allow(64 + message.content.size() +
                  (message.reasoning_content ? message.reasoning_content->size() : 0));
    std::vector<std::pair<Value, Value>> members;
    const auto add = [&](std::string_view name, const Value& value) {
      members.emplace_back(Value::of_text(name), value);
    };
    add("role", Value::of_text(message.role));
    add("content",
        message.parts.empty() ? Value::of_text(message.content) : parsed(message.parts, "message parts"));
    if (message.reasoning_content)
      add(reasoning_member.empty() ? "reasoning_content" : reasoning_member,
          Value::of_text(*message.reasoning_content));
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
    const Value all_messages = messages(*variables);
    if (all_messages.has_list()) memory.allow_pairs(element_count(all_messages));
    return variables->all(all_messages, tokens, options);
  });
}

}  // namespace jinja

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

struct ChatTemplate::State {
  detail::jinja::Template program;
  detail::SpecialTokens special_tokens;
  std::once_flag found = {};  // guards `format`
  detail::TurnFormat format = {};

  State(std::string_view text, std::string_view file, detail::SpecialTokens tokens)
      : program(text, detail::concat(file, ": chat template")), special_tokens(std::move(tokens)) {}
};

MOE_INLINE ChatTemplate::ChatTemplate(std::string_view text, std::string_view file,
                                      detail::SpecialTokens special_tokens)
    : state_(std::make_shared<State>(text, file, std::move(special_tokens))) {}

MOE_INLINE ChatTemplate::ChatTemplate(const std::string& path) {
  detail::ChatTemplateText found = detail::read_chat_template(path);
  *this = ChatTemplate(found.text, found.file, std::move(found.special_tokens));
}

MOE_INLINE std::string ChatTemplate::render(std::span<const Message> messages,
                                            const ChatOptions& options) const {
  const bool reasons = std::any_of(messages.begin(), messages.end(),
                                   [](const Message& message) { return message.reasoning_content; });
  const std::string member = reasons ? turn_format().reasoning_member : std::string();
  return render_chat(state_->program, state_->special_tokens, options,
                     [&](detail::jinja::ChatVariables& variables) {
                       std::vector<detail::jinja::Value> values;
                       for (const Message& message : messages)
                         values.push_back(variables.message(message, member));
                       return variables.memory().list(std::move(values));
                     });
}

MOE_INLINE std::string ChatTemplate::render(const Json& messages, const ChatOptions& options) const {
  return render_chat(state_->program, state_->special_tokens, options,
                     [&](detail::jinja::ChatVariables& variables) {
                       return detail::jinja::from_json(variables.memory(), messages);
                     });
}

MOE_INLINE Message ChatTemplate::answer(std::string content, std::string reasoning) const {
  Message message{.role = "assistant", .content = std::move(content)};
  if (reasoning.empty()) return message;
  const detail::TurnFormat& format = turn_format();
  if (format.reasoning_member.empty() && !format.reasoning_begin.empty()) {
    message.content = detail::concat(format.reasoning_begin, '\n', reasoning, '\n', format.reasoning_end,
                                     "\n\n", message.content);
  } else {
    message.reasoning_content = std::move(reasoning);
  }
  return message;
}

MOE_INLINE const detail::TurnFormat& ChatTemplate::turn_format() const {
  // Limits for each of dozens of renderings of two or three short messages. Templates in use take a few thousand steps.
  constexpr std::size_t steps = 200'000, bytes = std::size_t{8} << 20;
  std::call_once(state_->found, [this] {
    state_->format =
        detail::find_turn_format([this](const std::string& messages, const ChatOptions& options) {
          const JsonDocument document(messages, "messages");
          return render_chat(state_->program, state_->special_tokens, options,
                             [&](detail::jinja::ChatVariables& variables) {
                               variables.memory().bound(steps, bytes);
                               return detail::jinja::from_json(variables.memory(), document.root());
                             });
        });
  });
  return state_->format;
}

}  // namespace moe::inline MOE_ABI
