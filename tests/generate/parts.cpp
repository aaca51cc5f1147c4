// SPDX-License-Identifier: MIT
#include "detail/generate/output_text.hpp"
#include "detail/generate/parts.hpp"
#include "detail/text/turn_format.hpp"
#include "support/chat_tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using moe::detail::OutputText;
using moe::detail::TextPart;
using moe::detail::TurnFormat;
using moe::detail::TurnParts;

namespace {

struct ReadTurn {
  std::string reasoning, answer;
  bool operator==(const ReadTurn&) const = default;
};

const moe::Tokenizer& turn_tokenizer() {
  static const moe::Tokenizer tokenizer =
      chat_tokenizer({"<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>", "<|channel>",
                      "<channel|>", "[THINK]", "[/THINK]"},
                     {"<think>", "</think>"});
  return tokenizer;
}

/// Reasoning and answer in `text`, which a model writes after the prompt `before`, token by token.
ReadTurn read_turn(const TurnFormat& format, std::string_view text, std::string_view before = "",
                   const std::vector<std::string>& stop_strings = {}) {
  const moe::Tokenizer& tokenizer = turn_tokenizer();
  OutputText out(&tokenizer, TurnParts(format, tokenizer, tokenizer.encode(before)), stop_strings);
  ReadTurn turn;
  std::string piece;
  TextPart part{};
  const auto take = [&] {
    while (out.take(piece, part)) (part == TextPart::reasoning ? turn.reasoning : turn.answer) += piece;
  };
  bool stopped = false;
  for (const moe::TokenId id : tokenizer.encode(text)) {
    if (!stopped) stopped = out.push(id, true);
    take();
  }
  if (!stopped) out.finish(true);
  take();
  return turn;
}

TurnFormat format_of_markers(std::string begin, std::string end, std::vector<std::string> marks = {}) {
  TurnFormat format;
  format.reasoning_begin = std::move(begin);
  format.reasoning_end = std::move(end);
  format.answer_marks = std::move(marks);
  return format;
}

const TurnFormat think = format_of_markers("<think>", "</think>");
const TurnFormat harmony = format_of_markers(
    "<|channel|>analysis<|message|>", "<|end|>",
    {"<|start|>assistant", "<|channel|>final<|message|>", "<|channel|>commentary<|message|>"});

}  // namespace

TEST_CASE("parts: reasoning and answer are separated, without markers and the white space beside them") {
  CHECK(read_turn(think, "<think>\nLet me see.\nYes.\n</think>\n\nHi there.\n") ==
        ReadTurn{"Let me see.\nYes.", "Hi there.\n"});
  CHECK(read_turn(think, "\n<think>a</think>b") == ReadTurn{"a", "b"});
  CHECK(read_turn(think, "<think>\n\n</think>\n\nHi") == ReadTurn{"", "Hi"});
}

TEST_CASE("parts: after a prompt that ends with the marker of reasoning, the text begins as reasoning") {
  CHECK(read_turn(think, "why\n</think>\n\nHi", "assistant\n<think>\n") == ReadTurn{"why", "Hi"});
  CHECK(read_turn(think, "Hi", "assistant\n<think>\n\n</think>\n\n") == ReadTurn{"", "Hi"});
  CHECK(read_turn(think, "Hi", "user <think> assistant\n") == ReadTurn{"", "Hi"});
}

TEST_CASE("parts: without markers everything is the answer, with its white space") {
  CHECK(read_turn({}, "\n<think>\na</think>b ") == ReadTurn{"", "\n<think>\na</think>b "});
  CHECK(read_turn(think, "\n Hi \n") == ReadTurn{"", "\n Hi \n"});
  CHECK(read_turn(think, "\n\n") == ReadTurn{"", "\n\n"});
}

TEST_CASE("parts: markers in the middle of an answer are its text, unless they are special tokens") {
  CHECK(read_turn(think, "Write <think> and </think>.") == ReadTurn{"", "Write <think> and </think>."});
  CHECK(read_turn(think, "<think>a</think>Write <think>.") == ReadTurn{"a", "Write <think>."});
  CHECK(read_turn(format_of_markers("[THINK]", "[/THINK]"), "One. [THINK]hm[/THINK]Two.") ==
        ReadTurn{"hm", "One. Two."});
}

TEST_CASE("parts: a marker may consist of several tokens") {
  CHECK(read_turn(format_of_markers("<reason>", "</reason>"), "<reason>a < b</reason>c") ==
        ReadTurn{"a < b", "c"});
  CHECK(read_turn(format_of_markers("<reason>", "</reason>"), "<reasons>a") == ReadTurn{"", "<reasons>a"});
}

TEST_CASE("parts: a text that ends in reasoning has no answer") {
  CHECK(read_turn(think, "<think>\nwhy \n") == ReadTurn{"why \n", ""});
  CHECK(read_turn(think, "<think>a</thi") == ReadTurn{"a</thi", ""});
}

TEST_CASE("parts: the channels of harmony are parts, and their headers are hidden") {
  CHECK(read_turn(harmony,
                  "<|channel|>analysis<|message|>Greet.<|end|><|start|>assistant<|channel|>final<|message|>"
                  "Hi<|return|>",
                  "<|start|>assistant") == ReadTurn{"Greet.", "Hi"});
  CHECK(read_turn(harmony, "<|channel|>final<|message|>Hi<|return|>") == ReadTurn{"", "Hi"});
  CHECK(read_turn(
            harmony,
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>analysis<|message|>b<|end|>"
            "<|start|>assistant<|channel|>commentary<|message|>c<|end|><|start|>assistant<|channel|>final"
            "<|message|>d") == ReadTurn{"ab", "cd"});
}

TEST_CASE("parts: the thought channel of Gemma 4 is reasoning") {
  const TurnFormat gemma = format_of_markers("<|channel>thought", "<channel|>");
  CHECK(read_turn(gemma, "<|channel>thought\nhm\n<channel|>Hi") == ReadTurn{"hm", "Hi"});
  CHECK(read_turn(gemma, "Hi", "model\n<|channel>thought\n<channel|>") == ReadTurn{"", "Hi"});
}

TEST_CASE("parts: a stop string ends a text in either part, and is never spread over both") {
  CHECK(read_turn(think, "<think>a STOP b</think>c", "", {"STOP"}) == ReadTurn{"a ", ""});
  CHECK(read_turn(think, "<think>a</think>b STOP c", "", {"STOP"}) == ReadTurn{"a", "b "});
  CHECK(read_turn(think, "<think>aST</think>OPb", "", {"STOP"}) == ReadTurn{"aST", "OPb"});
}

TEST_CASE("parts: a marker that is longer than its bound is ignored") {
  const TurnFormat format = format_of_markers(std::string(1000, 'a'), "b");
  CHECK(read_turn(format, "aab") == ReadTurn{"", "aab"});
}

TEST_CASE("parts: a token that completes the text of two parts gives two texts") {
  const moe::Tokenizer tokenizer = chat_tokenizer({}, {"y</why>H"});
  OutputText out(&tokenizer,
                 TurnParts(format_of_markers("<why>", "</why>"), tokenizer, tokenizer.encode("<why>")), {});
  CHECK_FALSE(out.push(256, true));
  std::string text;
  TextPart part{};
  REQUIRE(out.take(text, part));
  CHECK(text == "y");
  CHECK(part == TextPart::reasoning);
  REQUIRE(out.take(text, part));
  CHECK(text == "H");
  CHECK(part == TextPart::answer);
  CHECK_FALSE(out.take(text, part));
}
