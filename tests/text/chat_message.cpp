#include "detail/io/json.hpp"
#include "detail/text/chat_message.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

moe::Message read(const std::string& json) {
  return moe::detail::read_message(moe::JsonDocument(json).root());
}

}  // namespace

TEST_CASE("chat message: role and content are required, the other members optional") {
  const moe::Message message = read(R"({"role": "user", "content": "Hi"})");
  CHECK(message.role == "user");
  CHECK(message.content == "Hi");
  CHECK_FALSE(message.reasoning_content);
  CHECK(message.tool_calls.empty());
}

TEST_CASE("chat message: a null member counts as missing, an empty text does not") {
  CHECK_FALSE(read(R"({"role": "a", "content": "", "reasoning_content": null, "tool_calls": null})")
                  .reasoning_content);
  CHECK(read(R"({"role": "a", "content": "", "reasoning_content": ""})").reasoning_content == "");
}

TEST_CASE("chat message: arguments of a tool are a text, or are written as Python writes JSON") {
  const moe::Message message = read(R"({"role": "assistant", "content": "", "tool_calls": [
      {"function": {"name": "f", "arguments": "{\"a\":1}"}},
      {"name": "g", "arguments": {"a":[1,2.50,{"b":null}],"é":"\u00fc\n\"","t":true,"e":{},"l":[]}}]})");
  REQUIRE(message.tool_calls.size() == 2);
  CHECK(message.tool_calls[0].name == "f");
  CHECK(message.tool_calls[0].arguments == R"({"a":1})");
  CHECK(message.tool_calls[1].name == "g");
  CHECK(message.tool_calls[1].arguments ==
        R"({"a": [1, 2.50, {"b": null}], "é": "ü\n\"", "t": true, "e": {}, "l": []})");
}

TEST_CASE("chat message: an error names the member of the wrong form") {
  check_error([] { read("7"); }, {"an object"});
  check_error([] { read(R"({"content": "Hi"})"); }, {"role"});
  check_error([] { read(R"({"role": "user"})"); }, {"content"});
  check_error([] { read(R"({"role": "user", "content": null})"); }, {"$.content", "null"});
  check_error([] { read(R"({"role": "user", "content": [{"type": "text"}]})"); }, {"$.content", "an array"});
  check_error([] { read(R"({"role": "a", "content": "", "reasoning_content": 7})"); },
              {"$.reasoning_content"});
  check_error([] { read(R"({"role": "a", "content": "", "tool_calls": {}})"); },
              {"$.tool_calls", "an array"});
  check_error([] { read(R"({"role": "a", "content": "", "tool_calls": [{"name": "f"}]})"); },
              {"$.tool_calls[0]", "arguments"});
}

TEST_CASE("chat options: all members are optional") {
  const auto options = [](const std::string& json) {
    return moe::detail::read_chat_options(moe::JsonDocument(json).root());
  };
  CHECK(options("{}").add_generation_prompt);
  CHECK(options("{}").enable_thinking);
  CHECK(options("{}").tools.empty());
  CHECK_FALSE(options(R"({"add_generation_prompt": false})").add_generation_prompt);
  CHECK_FALSE(options(R"({"enable_thinking": false})").enable_thinking);
  CHECK(options(R"({"tools": [{"name":"f"}]})").tools == std::vector<std::string>{R"({"name": "f"})"});
}
