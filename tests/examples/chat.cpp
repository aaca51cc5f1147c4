#include "run_example.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <string>
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
