// SPDX-License-Identifier: MIT
#include "detail/io/json.hpp"
#include "detail/text/chat_message.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

moe::ChatOptions chat_options(const std::string& json) {
  return moe::detail::read_chat_options(moe::JsonDocument(json).root());
}

}  // namespace

TEST_CASE("chat options: all members are optional") {
  CHECK(chat_options("{}").add_generation_prompt);
  CHECK_FALSE(chat_options("{}").enable_thinking);
  CHECK(chat_options("{}").tools.empty());
  CHECK(chat_options("{}").variables.empty());
  CHECK_FALSE(chat_options(R"({"add_generation_prompt": false})").add_generation_prompt);
}

TEST_CASE("chat options: tools are JSON texts") {
  CHECK(chat_options(R"({"tools": [{"name":"f"}]})").tools == std::vector<std::string>{R"({"name": "f"})"});
  check_error([] { chat_options(R"({"tools": {}})"); }, {"$.tools", "an array"});
}

TEST_CASE("chat options: other members are variables of the template") {
  const std::vector<std::pair<std::string, std::string>> expected = {{"enable_thinking", "false"},
                                                                     {"effort", "\"high\""}};
  CHECK(chat_options(R"({"enable_thinking": false, "add_generation_prompt": true, "effort": "high"})")
            .variables == expected);
}
