// SPDX-License-Identifier: MIT
#include "detail/text/chat_message.hpp"
#include "detail/text/chat_template.hpp"
#include "support/gguf_builder.hpp"
#include "support/check_message.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

using moe::ChatTemplate;
using moe::Message;

namespace {

std::string render(const ChatTemplate& chat, const std::vector<Message>& messages = {{"user", "Hi"}},
                   const moe::ChatOptions& options = {}) {
  return chat.render(messages, options);
}

std::string render(const char* text, const std::vector<Message>& messages = {{"user", "Hi"}},
                   const moe::ChatOptions& options = {}) {
  return render(ChatTemplate(text, "file"), messages, options);
}

}  // namespace

TEST_CASE("chat template: messages have role, content and the optional members that are set") {
  const char* const all = "{{ messages }}";
  CHECK(render(all) == "[{'role': 'user', 'content': 'Hi'}]");
  CHECK(render(all, {{.role = "assistant", .content = "", .reasoning_content = "why"}}) ==
        "[{'role': 'assistant', 'content': '', 'reasoning_content': 'why'}]");
  CHECK(render(all, {{.role = "tool", .content = "42", .tool_call_id = "c1", .name = "f"}}) ==
        "[{'role': 'tool', 'content': '42', 'tool_call_id': 'c1', 'name': 'f'}]");
}

TEST_CASE("chat template: arguments of a tool call are values if they are JSON, and a text otherwise") {
  const Message message{.role = "assistant",
                        .content = "",
                        .tool_calls = {{"f", R"({"x": [1.50, null]})"}, {"g", "no JSON", "id1"}}};
  CHECK(render("{{ messages[0].tool_calls }}", {message}) ==
        "[{'type': 'function', 'function': {'name': 'f', 'arguments': {'x': [1.5, None]}}}, "
        "{'type': 'function', 'function': {'name': 'g', 'arguments': 'no JSON'}, 'id': 'id1'}]");
}

TEST_CASE("chat template: parts in JSON replace the content") {
  const Message message{.role = "user", .content = "", .parts = R"([{"type": "text", "text": "Hi"}])"};
  CHECK(render("{{ messages[0].content[0].text }}", {message}) == "Hi");
  check_error([] { render("x", {{.role = "user", .content = "", .parts = "["}}); }, {"message parts"});
}

TEST_CASE("chat template: options are variables, and undefined if they are not set") {
  const char* const text =
      "{{ add_generation_prompt }} {{ enable_thinking is defined }} {{ tools is none }} {{ effort is defined "
      "}}";
  CHECK(render(text) == "True False True False");
  CHECK(render(text, {},
               {.add_generation_prompt = false,
                .enable_thinking = false,
                .tools = {"{}"},
                .variables = {{"effort", "1"}}}) == "False True False True");
  CHECK(render("{{ tools | tojson }}{{ x }}", {},
               {.tools = {R"({"a":1e5})"}, .variables = {{"x", "[1, 2]"}}}) == R"([{"a": 100000.0}][1, 2])");
  check_error([] { render("x", {}, {.variables = {{"x", "{"}}}); }, {"x: "});
}

TEST_CASE("chat template: the time is the given local time, or the time of the clock") {
  CHECK(render("{{ strftime_now('%d %b %Y') }}", {}, {.now = "2026-01-02T03:04:05"}) == "02 Jan 2026");
  CHECK(render("{{ strftime_now('%Y') | int > 2000 }}") == "True");
  for (const char* const wrong : {"2026-01-02", "2026-13-02T03:04:05", "2026-01-02T03:04:05Z", "x"})
    check_error([&] { render("x", {}, {.now = wrong}); }, {"now", "2026-01-02T03:04:05", wrong});
}

TEST_CASE("chat template: an error names the file, the line and the column of the template") {
  check_message([] { render("a\n{{ raise_exception('no system message') }}"); },
                {"file: chat template: line 2, column", "no system message"});
  check_message([] { ChatTemplate("{% if %}", "file"); },
                {"file: chat template: line 1, column 7", "expression"});
  check_message([] { ChatTemplate("{{ x | nothing }}", "file"); },
                {"line 1, column 8", "No filter named 'nothing'"});
}

TEST_CASE("chat template: tokenizer_config.json has the template as a text or in a list") {
  const TemporaryDirectory directory;
  directory.write("tokenizer_config.json", R"({"chat_template": "{{ messages[0].content }}"})");
  CHECK(render(ChatTemplate(directory.path())) == "Hi");
  CHECK(render(ChatTemplate(directory / "tokenizer.json")) == "Hi");
  directory.write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "x"},
                                               {"name": "default", "template": "y"}]})");
  CHECK(render(ChatTemplate(directory.path())) == "y");
}

TEST_CASE("chat template: a list without a default is an error") {
  const TemporaryDirectory directory;
  directory.write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "x"}]})");
  check_error([&] { ChatTemplate(directory.path()); }, {"$.chat_template", "default"});
}

TEST_CASE("chat template: chat_template.jinja comes before the configuration") {
  const TemporaryDirectory directory;
  directory.write("tokenizer_config.json", R"({"chat_template": "x", "bos_token": "<s>"})");
  directory.write("chat_template.jinja", "{{ bos_token }}y");
  CHECK(render(ChatTemplate(directory.path())) == "<s>y");
}

TEST_CASE("chat template: an error about a missing template names the expected files") {
  const TemporaryDirectory directory;
  check_error([&] { ChatTemplate(directory.path()); },
              {directory.path(), "chat_template.jinja", "found none"});
  directory.write("tokenizer_config.json", R"({"chat_template": null})");
  check_error([&] { ChatTemplate(directory.path()); },
              {directory.path(), "chat_template.jinja", "found none"});
}

TEST_CASE("chat template: special tokens are read from tokenizer_config.json and special_tokens_map.json") {
  const TemporaryDirectory directory;
  directory.write("chat_template.jinja",
                  "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}{{ unk_token }}");
  directory.write("tokenizer_config.json",
                  R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": null})");
  directory.write("special_tokens_map.json", R"({"bos_token": "other", "unk_token": "<unk>"})");
  CHECK(render(ChatTemplate(directory.path())) == "<s></s>False<unk>");
}

TEST_CASE("chat template: special tokens of a GGUF file are the texts of their ids") {
  const TemporaryDirectory directory;
  GgufBuilder file;
  file.value("tokenizer.chat_template", "{{ bos_token }}|{{ eos_token }}|{{ pad_token is defined }}")
      .array("tokenizer.ggml.tokens", {"a", "<s>", "</s>"});
  file.value("tokenizer.ggml.bos_token_id", 1u).value("tokenizer.ggml.eos_token_id", 2u);
  file.value("tokenizer.ggml.padding_token_id", 7u);
  CHECK(render(ChatTemplate(directory.write("x.gguf", file.file()))) == "<s>|</s>|False");
}

TEST_CASE("chat template: a template can set defaults, which options override if the template says so") {
  const std::string thinking =
      "{%- set enable_thinking = enable_thinking | default(false) %}"
      "{{ '<|im_start|>assistant\n' }}{% if enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% "
      "endif %}";
  CHECK(render(thinking.c_str()) == "<|im_start|>assistant\n<think>\n\n</think>\n\n");
  CHECK(render(thinking.c_str(), {}, {.enable_thinking = true}) == "<|im_start|>assistant\n");
  CHECK(render("{% set enable_thinking = false %}{{ enable_thinking }}", {}, {.enable_thinking = true}) ==
        "False");
  CHECK(render("{% if messages[0].role != 'system' %}<system>Be brief.{% endif %}"
               "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}") ==
        "<system>Be brief.<user>Hi");
  CHECK(render("{% if messages[0].role != 'system' %}<system>Be brief.{% endif %}"
               "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}",
               {{"system", "Be kind."}, {"user", "Hi"}}) == "<system>Be kind.<user>Hi");
}

TEST_CASE(
    "chat template: tojson writes numbers and repeated keys of tools as Python does after reading them") {
  const auto written = [](const char* tool) {
    return render("{{ tools[0] | tojson }}", {}, {.tools = {tool}});
  };
  CHECK(written(R"({"a": 1e5, "b": 1.50, "c": 1E-3, "d": -0, "e": -0.0, "f": 1.0e400, "g": -1e400})") ==
        R"({"a": 100000.0, "b": 1.5, "c": 0.001, "d": 0, "e": -0.0, "f": Infinity, "g": -Infinity})");
  CHECK(written(R"({"a": 1e16, "b": 123456789012345678901234567890, "c": 0.1, "d": 1e22, "e": 5e-324})") ==
        R"({"a": 1e+16, "b": 123456789012345678901234567890, "c": 0.1, "d": 1e+22, "e": 5e-324})");
  CHECK(written(R"({"b": 1, "a": "x>1 & y<2 'z' \u2014 a\/b", "b": 2})") ==
        R"({"b": 2, "a": "x>1 & y<2 'z' — a/b"})");
}
