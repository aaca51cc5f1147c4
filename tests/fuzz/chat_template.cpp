// SPDX-License-Identifier: MIT
// Chat templates: any template is refused, or renders a conversation twice to the same text.
#include "detail/core/error.hpp"
#include "detail/io/json.hpp"
#include "detail/text/chat_template.hpp"
#include "target.hpp"

#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const moe::JsonDocument conversation(R"([{"role": "system", "content": "Be brief."},
      {"role": "user", "content": [{"type": "text", "text": "a\u00e9 \ud83d\ude00"}]},
      {"role": "assistant", "content": "x", "tool_calls": [{"function": {"name": "f", "arguments": {"b": [1, 2.5]}}}]},
      {"role": "tool", "content": null}])");
  const moe::ChatOptions options{.tools = {R"({"name": "f", "parameters": {"type": "object"}})"},
                                 .variables = {{"n", "5"}, {"d", R"({"b": 1, "a": null})"}},
                                 .now = "2026-01-02T03:04:05"};
  try {
    const moe::ChatTemplate chat(std::string_view(reinterpret_cast<const char*>(data), size), "template",
                                 {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
    const std::string text = chat.render(conversation.root(), options);
    FUZZ_CHECK(chat.render(conversation.root(), options) == text);
  } catch (const moe::Error&) {
  }
  return 0;
}
