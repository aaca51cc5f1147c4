#include "detail/text/chat_message.hpp"
#include "detail/text/qwen3_chat.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using moe::Message;

namespace {

/// Without the generation prompt.
std::string render_qwen3(const std::vector<Message>& messages, std::vector<std::string> tools = {}) {
  return moe::detail::render_qwen3(messages, {.add_generation_prompt = false, .tools = std::move(tools)});
}

std::string turn(const std::string& role, const std::string& text) {
  return "<|im_start|>" + role + "\n" + text + "<|im_end|>\n";
}

Message assistant(std::string content, std::optional<std::string> reasoning = {}) {
  return {"assistant", std::move(content), std::move(reasoning)};
}

}  // namespace

TEST_CASE("qwen3 chat: turns of system and user are written unchanged, at any position") {
  CHECK(render_qwen3({{"system", "S"}, {"user", " U\n"}}) == turn("system", "S") + turn("user", " U\n"));
  CHECK(render_qwen3({{"user", "a"}, {"system", "b"}}) == turn("user", "a") + turn("system", "b"));
}

TEST_CASE("qwen3 chat: unknown roles are left out, and no messages are an error") {
  CHECK(render_qwen3({{"user", "a"}, {"developer", "b"}}) == turn("user", "a"));
  check_error([] { render_qwen3({}); }, {"at least one"});
}

TEST_CASE("qwen3 chat: the generation prompt ends with empty reasoning if thinking is disabled") {
  const std::vector<Message> messages = {{"user", "a"}};
  CHECK(moe::detail::render_qwen3(messages, {}) == turn("user", "a") + "<|im_start|>assistant\n");
  CHECK(moe::detail::render_qwen3(messages, {.enable_thinking = false}) ==
        turn("user", "a") + "<|im_start|>assistant\n<think>\n\n</think>\n\n");
  CHECK(moe::detail::render_qwen3(messages, {.add_generation_prompt = false, .enable_thinking = false}) ==
        turn("user", "a"));
}

TEST_CASE("qwen3 chat: reasoning before the last query is left out") {
  CHECK(render_qwen3({{"user", "a"}, assistant("b", "why"), {"user", "c"}}) ==
        turn("user", "a") + turn("assistant", "b") + turn("user", "c"));
  CHECK(render_qwen3({{"user", "a"}, assistant("<think>\nwhy\n</think>\n\nb"), {"user", "c"}}) ==
        turn("user", "a") + turn("assistant", "b") + turn("user", "c"));
}

TEST_CASE("qwen3 chat: a last turn of an assistant always has reasoning, which may be empty") {
  CHECK(render_qwen3({{"user", "a"}, assistant("b")}) ==
        turn("user", "a") + turn("assistant", "<think>\n\n</think>\n\nb"));
  CHECK(render_qwen3({{"user", "a"}, assistant("\n\nb", "\nwhy\n")}) ==
        turn("user", "a") + turn("assistant", "<think>\nwhy\n</think>\n\nb"));
}

TEST_CASE("qwen3 chat: after the last query, earlier turns have only the reasoning that they had") {
  CHECK(render_qwen3({{"user", "a"}, assistant("b"), assistant("c", "d"), assistant("e")}) ==
        turn("user", "a") + turn("assistant", "b") + turn("assistant", "<think>\nd\n</think>\n\nc") +
            turn("assistant", "<think>\n\n</think>\n\ne"));
}

TEST_CASE(
    "qwen3 chat: reasoning in the content ends at the first </think>, and the answer begins after the last") {
  const auto said = [](const std::string& content) {
    return render_qwen3({{"user", "a"}, assistant(content)});
  };
  const auto expected = [](const std::string& text) { return turn("user", "a") + turn("assistant", text); };
  CHECK(said("<think>x</think>y</think>\n\nz") == expected("<think>\nx\n</think>\n\nz"));
  CHECK(said("<think>w<think>\nx\n\n</think>z") == expected("<think>\nx\n</think>\n\nz"));
  CHECK(said("x</think>z") == expected("<think>\nx\n</think>\n\nz"));
  CHECK(said("<think>x") == expected("<think>\n\n</think>\n\n<think>x"));
}

TEST_CASE("qwen3 chat: with reasoning_content, even if empty, the content is written unchanged") {
  CHECK(render_qwen3({{"user", "a"}, assistant("<think>x</think>y", "")}) ==
        turn("user", "a") + turn("assistant", "<think>\n\n</think>\n\n<think>x</think>y"));
}

TEST_CASE("qwen3 chat: consecutive answers of tools are one turn of the user, and no query") {
  CHECK(render_qwen3({{"user", "a"},
                      assistant("b", "why"),
                      {"tool", "1"},
                      {"tool", "2"},
                      assistant("c"),
                      {"tool", "3"}}) ==
        turn("user", "a") + turn("assistant", "<think>\nwhy\n</think>\n\nb") +
            "<|im_start|>user\n<tool_response>\n1\n</"
            "tool_response>\n<tool_response>\n2\n</tool_response><|im_end|>\n" +
            turn("assistant", "c") + "<|im_start|>user\n<tool_response>\n3\n</tool_response><|im_end|>\n");
}

TEST_CASE("qwen3 chat: a turn of the user in <tool_response> is no query") {
  const std::string answer = "<tool_response>\nr\n</tool_response>";
  CHECK(render_qwen3({{"user", "a"}, assistant("b", "why"), {"user", answer}, assistant("c")}) ==
        turn("user", "a") + turn("assistant", "<think>\nwhy\n</think>\n\nb") + turn("user", answer) +
            turn("assistant", "<think>\n\n</think>\n\nc"));
  CHECK(render_qwen3({{"user", answer}, assistant("c", "why")}) ==
        turn("user", answer) + turn("assistant", "c"));
  CHECK(render_qwen3({{"user", answer + " "}, assistant("c", "why")}) ==
        turn("user", answer + " ") + turn("assistant", "<think>\nwhy\n</think>\n\nc"));
}

TEST_CASE("qwen3 chat: each call of a tool follows the answer on its own lines") {
  const std::string f = "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>";
  const std::string g = "<tool_call>\n{\"name\": \"g\", \"arguments\": {\"x\": 1}}\n</tool_call>";
  const std::vector<moe::ToolCall> calls = {{"f", "{}"}, {"g", R"({"x": 1})"}};
  const auto called = [&](const std::string& content) {
    return render_qwen3({{"user", "a"}, {"assistant", content, {}, calls}, {"user", "b"}});
  };
  CHECK(called("") == turn("user", "a") + turn("assistant", f + "\n" + g) + turn("user", "b"));
  CHECK(called("x") == turn("user", "a") + turn("assistant", "x\n" + f + "\n" + g) + turn("user", "b"));
}

TEST_CASE("qwen3 chat: tools are described in the turn of the system, which is added if missing") {
  const std::string head =
      "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with "
      "function "
      "signatures within <tools></tools> XML tags:\n<tools>\n{\"a\": 1}\n{\"b\": 2}\n</tools>\n\nFor each "
      "function call, "
      "return a json object with function name and arguments within <tool_call></tool_call> XML "
      "tags:\n<tool_call>\n"
      "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";
  const std::vector<std::string> tools = {R"({"a": 1})", R"({"b": 2})"};
  CHECK(render_qwen3({{"user", "x"}}, tools) == turn("system", head) + turn("user", "x"));
  CHECK(render_qwen3({{"system", "S"}, {"user", "x"}}, tools) ==
        turn("system", "S\n\n" + head) + turn("user", "x"));
}
