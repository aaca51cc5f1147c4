// SPDX-License-Identifier: MIT
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
#include "detail/generate/text_limits.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/successor_model.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

using moe::EndToken;
using moe::Finish;
using moe::GenerateOptions;
using moe::Session;

namespace {

const moe::Model& bundled() {
  static const auto one = moe::open(bundled_model(), {.threads = 2});
  return one;
}

constexpr std::string_view genesis = "<|endoftext|>And God said";

GenerateOptions greedy_until(std::vector<std::string> stop_strings, std::size_t max_tokens = 40) {
  return {.max_tokens = max_tokens, .sampling = moe::Sampling{}, .stop_strings = std::move(stop_strings)};
}

moe::Model successor_model(const SuccessorModel& model) {
  const TemporaryDirectory directory;
  return moe::open(directory.write("model.gguf", model.file()), {.threads = 1});
}

/// The bundled model with a generation_config.json.
moe::Model configured_model(std::string_view generation_config) {
  const TemporaryDirectory directory;
  std::filesystem::copy(bundled_model(), directory.path(), std::filesystem::copy_options::recursive);
  directory.write("generation_config.json", generation_config);
  return moe::open(directory.path(), {.threads = 2, .experts = moe::ModelOptions::Experts::in_memory});
}

/// After the end of a prompt of ChatML, the model generates `Hi` and then the token `last`.
SuccessorModel polite_model(std::uint32_t last) {
  SuccessorModel model;
  model.say('\n', "Hi", last);
  model.next[last] = 'x';
  return model;
}

std::string chat_prompt(const moe::ChatTemplate& chat) {
  const moe::Message message{"user", "hello"};
  return chat.render({&message, 1});
}

}  // namespace

TEST_CASE("text ends: a stop string ends the text before it, also in the middle of tokens") {
  Session session(bundled());
  const std::string whole = session.generate(genesis, greedy_until({}));
  for (const std::string stop : {" unto", "unto him", "d now go, a", ", and", "of"}) {
    CAPTURE(stop);
    REQUIRE(whole.find(stop) != whole.npos);
    std::string pieces;
    CHECK(session.generate(genesis, greedy_until({"never", stop}), [&](const moe::Piece& piece) {
      pieces += piece.text;
    }) == whole.substr(0, whole.find(stop)));
    CHECK(pieces == whole.substr(0, whole.find(stop)));
    CHECK(session.finish() == Finish::stop_string);
    CHECK(session.stop_string() == stop);
    CHECK_FALSE(session.end_token());
  }
}

TEST_CASE("text ends: text that was held back is shown at a limit, and when the text is stopped") {
  Session session(bundled());
  const std::string text = session.generate(genesis, greedy_until({}, 12));
  const std::string longer = text.substr(text.size() - 5) + "#";
  CHECK(session.generate(genesis, greedy_until({longer}, 12)) == text);
  CHECK(session.finish() == Finish::max_tokens);
  std::stop_source stop;
  GenerateOptions options = greedy_until({text + "#"});
  options.stop = stop.get_token();
  std::size_t tokens = 0;
  CHECK(session.generate(genesis, options, [&](const moe::Piece&) {
    if (++tokens == 12) stop.request_stop();
  }) == text);
  CHECK(session.finish() == Finish::stopped);
  CHECK(tokens == 13);  // the last piece has the text that was held back
}

TEST_CASE("text ends: after a stop string the session goes on with the tokens that wrote it") {
  Session session(bundled()), fresh(bundled());
  const std::string text = session.generate(genesis, greedy_until({" unto"}));
  CHECK(bundled().tokenizer().decode(session.tokens()) == std::string(genesis) + text + " unto");
  const std::string next = std::string(genesis) + text + " unto them";
  CHECK(session.generate(next, greedy_until({})) == fresh.generate(next, greedy_until({})));
  CHECK(session.statistics().reused_tokens + 2 >= session.statistics().prompt_tokens);
}

TEST_CASE("text ends: an empty stop string is an error before the first token") {
  Session session(bundled());
  check_error([&] { return session.stream(genesis, greedy_until({""})), 0; },
              {"stop_strings[0]", "an empty text"});
}

TEST_CASE("text ends: before min_tokens neither a stop string nor an end token ends the text") {
  Session session(bundled());
  const std::string whole = session.generate(genesis, greedy_until({}));
  const std::string stop = whole.substr(0, 1);
  GenerateOptions options = greedy_until({stop});
  options.min_tokens = 5;
  CHECK(session.generate(genesis, options).size() > stop.size());
  CHECK(session.statistics().generated_tokens >= 5);
  options = {.max_tokens = 200, .min_tokens = 150, .sampling = moe::Sampling{}};
  session.generate("<|endoftext|>静夜思", options);
  CHECK(session.statistics().generated_tokens >= 150);
  const std::vector<moe::TokenId>& ids = session.tokens();
  CHECK(std::count(ids.begin() + 1, ids.end() - 1, bundled().end_tokens().front().id) == 0);
}

TEST_CASE("text ends: generation_config.json says before how many tokens a text must not end") {
  constexpr std::string_view ending_prompt = "<|endoftext|>静夜思";  // the text ends with the end token
  const auto tokens_of = [&](std::string_view config, std::optional<std::size_t> min_tokens) {
    const auto model = configured_model(config);
    Session session(model);
    session.generate(ending_prompt,
                     {.max_tokens = 200, .min_tokens = min_tokens, .sampling = moe::Sampling{}});
    return session.statistics().generated_tokens;
  };
  const std::size_t plain = tokens_of("{}", {});
  REQUIRE(plain < 140);
  CHECK(tokens_of(R"({"min_new_tokens": 150})", {}) >= 150);
  CHECK(tokens_of(R"({"min_new_tokens": 150})", 2) == plain);
  CHECK(tokens_of(R"({"min_length": 150})", {}) > plain);
  CHECK(tokens_of(R"({"min_length": 150, "min_new_tokens": 2})", {}) == plain);
  check_error([&] { return tokens_of(R"({"min_length": -1})", {}); },
              {"generation_config.json", "$.min_length"});
}

TEST_CASE("text ends: min_length of generation_config.json counts the tokens of the prompt") {
  TinyCheckpoint tiny;
  tiny.directory().write("generation_config.json", R"({"min_length": 7})");
  CHECK(moe::detail::read_min_tokens(tiny.open(), 0) == 7);
  CHECK(moe::detail::read_min_tokens(tiny.open(), 5) == 2);
  CHECK(moe::detail::read_min_tokens(tiny.open(), 9) == 0);
}

TEST_CASE("text ends: stop_strings of generation_config.json end a text, unless stop_at_end_token is false") {
  Session plain(bundled());
  const std::string whole = plain.generate(genesis, greedy_until({}));
  for (const std::string_view config :
       {R"({"stop_strings": " unto"})", R"({"stop_strings": ["nowhere", " unto"]})"}) {
    const auto model = configured_model(config);
    Session session(model);
    CHECK(session.generate(genesis, greedy_until({})) == whole.substr(0, whole.find(" unto")));
    CHECK(session.finish() == Finish::stop_string);
    CHECK(session.generate(genesis, greedy_until({whole.substr(0, 2)})) == "");
    GenerateOptions options = greedy_until({});
    options.stop_at_end_token = false;
    CHECK(session.generate(genesis, options).find(" unto") != std::string::npos);
  }
}

TEST_CASE(
    "text ends: a stop string of generation_config.json that is empty or no text is an error of its place") {
  const auto read = [](std::string_view config) {
    TinyCheckpoint tiny;
    tiny.directory().write("generation_config.json", config);
    return moe::detail::read_stop_strings(tiny.open());
  };
  CHECK(read(R"({"stop_strings": null})").empty());
  check_error([&] { return read(R"({"stop_strings": ["a", ""]})"); },
              {"generation_config.json", "$.stop_strings[1]",
               "expected a text that is not empty, found an empty text"});
  check_error([&] { return read(R"({"stop_strings": ""})"); }, {"$.stop_strings: ", "an empty text"});
  check_error([&] { return read(R"({"stop_strings": ["a", 7]})"); }, {"$.stop_strings[1]"});
}

TEST_CASE("text ends: the end token of the config ends a text, and names its source") {
  const auto model = successor_model(polite_model(256));
  Session session(model);
  CHECK(session.generate("\n", {.sampling = moe::Sampling{}}) == "Hi");
  CHECK(session.finish() == Finish::end_token);
  REQUIRE(session.end_token());
  CHECK(session.end_token()->id == 256);
  CHECK(session.end_token()->source == EndToken::Source::config);
}

TEST_CASE("text ends: the template's end of a turn ends an answer, and no text without a template") {
  SuccessorModel script = polite_model(258);
  script.control[2] = "<|done|>";  // <|im_end|> ends any text of a GGUF file
  const auto model = successor_model(script);
  const moe::ChatTemplate chat("{% for m in messages %}{{ m.content }}<|done|>\n{% endfor %}", "file");
  Session session(model);
  CHECK(session.generate(chat_prompt(chat), {.sampling = moe::Sampling{}, .chat_template = chat}) == "Hi");
  CHECK(session.finish() == Finish::end_token);
  REQUIRE(session.end_token());
  CHECK(session.end_token()->id == 258);
  CHECK(session.end_token()->source == EndToken::Source::chat_template);
  session.generate(chat_prompt(chat), {.max_tokens = 20, .sampling = moe::Sampling{}});
  CHECK(session.finish() == Finish::max_tokens);
  CHECK_FALSE(session.end_token());
}

TEST_CASE("text ends: an end token is not shown, special or not") {
  SuccessorModel script = polite_model('!');
  script.end = '!';
  const auto model = successor_model(script);
  Session session(model);
  CHECK(session.generate("\n", {.sampling = moe::Sampling{}}) == "Hi");
  CHECK(session.tokens().back() == '!');
}

TEST_CASE("text ends: generate() returns the answer, and pieces of reasoning are marked") {
  SuccessorModel script;
  script.say('\n', "", 259).say(259, "why", 260).say(260, "Hi", 258);
  const auto model = successor_model(script);
  const moe::ChatTemplate chat(chatml_template, "file");
  Session session(model);
  std::string reasoning, answer;
  const std::string text = session.generate(
      chat_prompt(chat), {.sampling = moe::Sampling{}, .chat_template = chat}, [&](const moe::Piece& piece) {
        (piece.part == moe::Piece::Part::reasoning ? reasoning : answer) += piece.text;
      });
  CHECK(reasoning == "why");
  CHECK(answer == "Hi");
  CHECK(text == "Hi");
}

TEST_CASE(
    "text ends: a prompt of a template is encoded without the tokens that the tokenizer adds to texts") {
  const auto model = successor_model(polite_model(258));
  const moe::ChatTemplate chat(chatml_template, "file");
  Session session(model);
  session.generate(chat_prompt(chat), {.max_tokens = 1, .sampling = moe::Sampling{}, .chat_template = chat});
  CHECK(session.statistics().prompt_tokens ==
        model.tokenizer().encode(chat_prompt(chat), {.add_special_tokens = false}).size());
}
