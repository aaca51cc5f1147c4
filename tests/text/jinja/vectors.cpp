// SPDX-License-Identifier: MIT
// Compares with Jinja2 3.1 as transformers sets it up, on the templates of many families, in MOE_TEST_DATA.
#include "detail/core/error.hpp"
#include "detail/io/file.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/text/chat_template.hpp"
#include "support/check_message.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>

namespace {

/// The text of a conversation, or the message of the error.
std::string rendering(const moe::ChatTemplate& chat, const moe::Json& line) {
  moe::ChatOptions options = moe::detail::read_chat_options(line.at("options"));
  if (const moe::Json tools = line.find("tools"))
    for (const moe::Json tool : tools) options.tools.push_back(moe::detail::to_json(tool));
  for (const moe::Json token : line.at("special"))
    options.variables.emplace_back(token.key(), moe::detail::to_json(token));
  options.now = line.at("now").as_string();
  try {
    return chat.render(line.at("messages"), options);
  } catch (const moe::Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_SUITE_BEGIN("real-data");

TEST_CASE("jinja: the templates of 27 models render, or refuse, conversations as Jinja2 does") {
  const auto templates = test_data("templates"), vectors = test_data("vectors/templates.jsonl");
  if (!templates || !vectors) return;
  std::map<std::string, moe::ChatTemplate> chats;
  std::size_t count = 0;
  std::string text;
  for (std::ifstream file(*vectors); std::getline(file, text); ++count) {
    const moe::JsonDocument document(text, *vectors);
    const moe::Json line = document.root();
    const std::string name(line.at("template").as_string());
    if (!chats.contains(name))
      chats.emplace(name, moe::ChatTemplate(moe::detail::read_text(*templates + "/" + name), name));
    CAPTURE(name);
    CAPTURE(count);
    const std::string found = rendering(chats.at(name), line);
    if (const moe::Json error = line.find("error")) {
      CHECK(found.ends_with(": " + std::string(error.as_string())));
    } else {
      CHECK(found == line.at("text").as_string());
    }
  }
  CHECK(count >= 1218);
}

TEST_CASE("jinja: the conversations of chat_*.jsonl are rendered exactly") {
  const auto templates = test_data("templates");
  if (!templates) return;
  const std::pair<const char*, const char*> families[] = {{"qwen3", "Qwen-Qwen3-0.6B"},
                                                          {"qwen35", "Qwen3.5-4B"},
                                                          {"lfm2", "LFM2-8B-A1B"},
                                                          {"lfm25", "LFM2.5-Instruct"},
                                                          {"gemma4", "google-gemma-4-31B-it"}};
  for (const auto& [family, name] : families) {
    const auto vectors = test_data(std::string("vectors/chat_") + family + ".jsonl");
    if (!vectors) continue;
    const moe::detail::SpecialTokens tokens = {
        {"bos_token", std::string(family).starts_with("lfm") ? "<|startoftext|>" : "<bos>"}};
    const std::string file = *templates + "/" + name + ".jinja";
    const moe::ChatTemplate chat(moe::detail::read_text(file), file, tokens);
    std::size_t count = 0;
    std::string text;
    for (std::ifstream lines(*vectors); std::getline(lines, text); ++count) {
      if (!text.starts_with("{\"")) continue;
      const moe::JsonDocument line(text, *vectors);
      if (const moe::Json made = line.root().find("template"); made && made.as_string() != "qwen3.5")
        continue;
      CAPTURE(text);
      CAPTURE(file);
      const auto render = [&] {
        return chat.render(line.root().at("messages"),
                           moe::detail::read_chat_options(line.root().at("options")));
      };
      if (const moe::Json error = line.root().find("error"); error && !error.is_null()) {
        check_message(render, {error.as_string()});
      } else {
        CHECK(render() == line.root().at("text").as_string());
      }
    }
    CHECK(count > 3);
  }
}

TEST_SUITE_END();
