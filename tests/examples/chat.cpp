// SPDX-License-Identifier: MIT
#include "detail/io/file.hpp"
#include "detail/io/json.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/text/chat_template.hpp"
#include "detail/text/pre_tokenizer.hpp"
#include "detail/text/tokenizer.hpp"
#include "run_example.hpp"
#include "support/checkpoints.hpp"
#include "support/successor_model.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace {

const std::vector<std::string> plain_chat{"chat", bundled_model(), "--plain", "--temperature", "0"};

std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("chat: with --plain, user and model continue a text in turns") {
  const Result result = run(with(plain_chat, {"--max-tokens", "5"}), "<|endoftext|>And God\n said\n\n");
  CHECK(result.status == 0);
  CHECK(lines_of(result.out).size() == 3);
  CHECK(result.out.find("> ") == 0);
  CHECK(result.err.empty());
}

TEST_CASE(
    "chat: \\r before the end of a line is not part of the message, and a line of \\r alone ends the "
    "conversation") {
  const std::vector<std::string> words = with(plain_chat, {"--max-tokens", "4"});
  const Result expected = run(words, "And God said\n\nmore\n"),
               result = run(words, "And God said\r\n\r\nmore\r\n");
  CHECK(result.status == 0);
  CHECK(result.out == expected.out);
  CHECK(lines_of(result.out).size() == 2);
}

TEST_CASE("chat: a conversation that exceeds the context goes on without its oldest messages, and says so") {
  const Result result = run(with(plain_chat, {"--context", "40", "--max-tokens", "12"}),
                            "And God said unto Noah\nand he went\nand he said\nlet us go\n");
  CHECK(result.status == 0);
  CHECK(result.says(
      "context full: the oldest message was dropped, with its answer; a larger --context makes room\n"));
  // Each of the four messages got an answer.
  std::size_t prompts = 0;
  for (const std::string& line : lines_of(result.out)) prompts += line.find("> ") == 0;
  CHECK(prompts == 5);
}

TEST_CASE("chat: after dropped messages the answer is the one to the remaining conversation") {
  const std::vector<std::string> words = with(plain_chat, {"--context", "32", "--max-tokens", "1"});
  const std::string long_message = repeated(" he", 30);  // 30 tokens
  const Result dropped = run(words, long_message + "\n And God said\n\n");
  const Result alone = run(words, " And God said\n\n");
  CHECK(dropped.says("the oldest message was dropped"));
  CHECK(lines_of(dropped.out)[1] == lines_of(alone.out)[0]);
}

TEST_CASE("chat: a message that does not fit alone is ignored, and the conversation goes on") {
  const std::vector<std::string> words = with(plain_chat, {"--context", "40", "--max-tokens", "4"});
  const std::string huge = repeated(" he", 50);
  const Result result = run(words, " And God said\n" + huge + "\n unto him\n\n");
  const Result expected = run(words, " And God said\n unto him\n\n");
  CHECK(result.status == 0);
  CHECK(result.says(
      "message ignored: it has 50 tokens, and the context has room for 40; a larger --context makes room\n"));
  CHECK(lines_of(result.out)[0] == lines_of(expected.out)[0]);
  CHECK(lines_of(result.out)[1] == "> " + lines_of(expected.out)[1]);
}

TEST_CASE("chat: an answer that fills the context ends with a line on stderr, and the conversation goes on") {
  const Result result =
      run(with(plain_chat, {"--context", "24", "--max-tokens", "100"}), " And God said\n unto him\n\n");
  CHECK(result.status == 0);
  CHECK(result.says("context full: the text ends after 25 tokens"));
  CHECK(result.says("the oldest message was dropped"));
}

TEST_CASE("chat: a context that the model cuts is one line on stderr") {
  const Result result = run(with(plain_chat, {"--context", "300"}), "\n");
  CHECK(result.err ==
        "context: 256 positions in place of 300, since the model has only 256 (max_position_embeddings)\n");
}

namespace {

/// A copy of the bundled model with a chat template.
void copy_bundled_model(const TemporaryDirectory& directory, const std::string& chat_template) {
  for (const char* const name :
       {"config.json", "model.safetensors", "tokenizer.json", "generation_config.json"})
    std::filesystem::copy_file(bundled_model() + "/" + name, directory / name);
  directory.write("chat_template.jinja", chat_template);
}

/// The number that a line of the log states.
std::size_t count_in(const moe::Json& line, std::string_view name) {
  return static_cast<std::size_t>(line.at(name).as_u64());
}

const std::string template_with_tools =
    "{% if tools %}<|im_start|>system\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}<|im_end|>\n{% "
    "endif %}" +
    chatml_template;

const std::string weather_tool =
    R"({"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}})";

/// Checks that each text that was sent is the template's rendering of the conversation so far, and that it reuses all tokens
/// that are those of the turn before.
void check_log(const std::string& path, const moe::ChatTemplate& chat, const moe::Tokenizer& tokenizer,
               const std::vector<std::string>& questions) {
  std::vector<moe::Message> messages;
  std::size_t turns = 0, known = 0;
  for (const std::string& line : lines_of(moe::detail::read_text(path))) {
    const moe::JsonDocument document(line, path);
    const moe::Json turn = document.root();
    messages.push_back({"user", questions.at(turns++)});
    const std::string text = chat.render(messages, {.tools = {weather_tool}});
    CHECK(turn.at("prompt").as_string() == text);
    CHECK(count_in(turn, "prompt_tokens") == tokenizer.encode(text, {.add_special_tokens = false}).size());
    CHECK(count_in(turn, "reused_tokens") >= known);
    known = count_in(turn, "prompt_tokens");
    messages.push_back(chat.answer(std::string(turn.at("answer").as_string()),
                                   std::string(turn.at("reasoning").as_string())));
  }
  CHECK(turns == questions.size());
}

}  // namespace

TEST_CASE("chat: three turns with tools send the template's text, and reuse what the session has read") {
  const TemporaryDirectory directory;
  copy_bundled_model(directory, template_with_tools);
  const std::string tools = directory.write("tools.json", "[" + weather_tool + "]"), log = directory / "log";
  const Result result = run(
      {"chat", directory.path(), "--temperature", "0", "--max-tokens", "12", "--tools", tools, "--log", log},
      "And God\nsaid unto\nhim\n");
  CHECK(result.status == 0);
  CHECK(result.says("limit: the answer is cut after 12 tokens; a larger --max-tokens makes room"));
  check_log(log, moe::ChatTemplate(directory.path()), moe::Tokenizer(directory.path()),
            {"And God", "said unto", "him"});
}

TEST_CASE("chat: three turns with reasoning show it under a heading, and drop it as the template does") {
  SuccessorModel script;
  script.chat_template = template_with_tools;
  script.say('\n', "", 259).say(259, "\twhy", 260).say(260, "Hi", 258);
  const TemporaryDirectory directory;
  const std::string model = directory.write("model.gguf", script.file());
  const std::string tools = directory.write("tools.json", "[" + weather_tool + "]"), log = directory / "log";
  const Result result =
      run({"chat", model, "--temperature", "0", "--tools", tools, "--log", log}, "one\ntwo\nthree\n");
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK(lines_of(result.out) == std::vector<std::string>{"> [reasoning]", "why", "[answer]", "Hi",
                                                         "> [reasoning]", "why", "[answer]", "Hi",
                                                         "> [reasoning]", "why", "[answer]", "Hi", "> "});
  std::size_t known = 0;
  for (const std::string& line : lines_of(moe::detail::read_text(log))) {
    const moe::JsonDocument document(line, log);
    const moe::Json turn = document.root();
    CHECK(turn.at("reasoning").as_string() == "why");
    CHECK(turn.at("answer").as_string() == "Hi");
    CHECK(turn.at("end_token").as_string() == "<|im_end|>");
    CHECK(turn.at("named_by").as_string() == "tokenizer");
    CHECK(count_in(turn, "reused_tokens") >= known);
    known = count_in(turn, "prompt_tokens");
  }
  check_log(log, moe::ChatTemplate(model), moe::Tokenizer(model), {"one", "two", "three"});
}

TEST_CASE("chat: a model whose file names the wrong end token stops where its template ends a turn") {
  SuccessorModel script;
  script.control[2] = "<|done|>";  // a text that ends turns in this model only
  script.chat_template = "{% for m in messages %}{{ m.content }}<|done|>\n{% endfor %}";
  script.say('\n', "Hi", 258);
  script.next[258] = '\n';  // the model would go on
  const TemporaryDirectory directory;
  const std::string model = directory.write("model.gguf", script.file());
  const std::vector<std::string> options{"--max-tokens", "20", "--temperature", "0"};
  const Result result = run(with({"chat", model}, options), "hello\n");
  CHECK(result.status == 0);
  CHECK(result.out == "> Hi\n> \n");
  CHECK(result.err.empty());
  CHECK(run(with({"generate", model, "\n"}, options)).says("generated: 20 tokens"));
  const Result message = run(with({"generate", model, "hello", "--chat"}, options));
  CHECK(message.out == "Hi\n");
  CHECK(message.says("generated: 3 tokens"));
}

namespace {

/// A tokenizer.json for the small vocabularies of tests/golden: lower-case letters, a space, a line feed and two control
/// tokens.
std::string letters_tokenizer() {
  std::string vocab;
  const std::string letters = "abcdefghijklmnopqrstuvwxyz \n";
  for (std::size_t id = 0; id < letters.size(); ++id)
    vocab += (id == 0 ? "" : ", ") + moe::detail::to_json(in_byte_alphabet(letters.substr(id, 1))) + ": " +
             std::to_string(id);
  return R"({"version": "1.0", "added_tokens": [)" + added_token(60, "<|im_start|>", "special") + ", " +
         added_token(61, "<|im_end|>", "special") +
         R"(], "normalizer": null, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": )" +
         moe::detail::to_json(moe::detail::qwen2_pattern.regex) +
         R"(}, "behavior": "Isolated", "invert": false}, {"type": "ByteLevel", "add_prefix_space": false, )" +
         R"("trim_offsets": false, "use_regex": false}]}, "post_processor": null, "decoder": {"type": "ByteLevel"}, )" +
         R"("model": {"type": "BPE", "unk_token": null, "vocab": {)" + vocab + R"(}, "merges": []}})";
}

/// Roles of one letter, since the models have few positions.
const std::string short_chatml =
    "{% for m in messages %}<|im_start|>{{ m.role[0] }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>a\n{% endif %}";

}  // namespace

TEST_CASE("chat: with the models of every family, three turns reuse what the session has read") {
  std::size_t models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(golden(""))) {
    if (!std::filesystem::exists(entry.path() / "config.json")) continue;
    CAPTURE(entry.path().filename().string());
    const TemporaryDirectory directory;
    std::filesystem::copy(
        entry.path(), directory.path(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    directory.write("tokenizer.json", letters_tokenizer());
    directory.write("chat_template.jinja", short_chatml);
    const std::string log = directory / "log";
    const Result result = run(
        {"chat", directory.path(), "--temperature", "0", "--max-tokens", "3", "--log", log}, "ab\ncd\nef\n");
    CAPTURE(result.err);
    CHECK(result.status == 0);
    check_log(log, moe::ChatTemplate(directory.path()), moe::Tokenizer(directory.path()), {"ab", "cd", "ef"});
    ++models;
  }
  CHECK(models > 30);
}
