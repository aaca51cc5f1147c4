// SPDX-License-Identifier: MIT
#include "detail/text/piece_cutter.hpp"
#include "detail/text/pre_tokenizer_json.hpp"
#include "support/message_of.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using CutPieces = std::vector<std::string>;
using moe::detail::SplitBehavior;

CutPieces cut_by_steps(const std::vector<moe::detail::SplitStep>& steps, std::string_view text) {
  moe::detail::PieceCutter cutter(steps);
  CutPieces pieces;
  cutter.cut(text, true, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

CutPieces cut_at(std::string_view regex, SplitBehavior behavior, std::string_view text, bool invert = false) {
  moe::detail::SplitStep step = moe::detail::isolating_step(regex, "a test");
  step.behavior = behavior;
  step.invert = invert;
  return cut_by_steps({step}, text);
}

/// The pieces of a pre-tokenizer of tokenizer.json.
CutPieces cut_by_json(std::string steps, std::string_view text) {
  const moe::JsonDocument document(R"({"type": "Sequence", "pretokenizers": [)" + steps + "]}");
  const moe::detail::PreTokenizer pre = moe::detail::read_byte_level_pre_tokenizer(document.root(), "a file");
  return cut_by_steps(pre.steps, text);
}

const std::string plain_byte_level =
    R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})";

}  // namespace

// Source of the expected pieces: the documentation of SplitDelimiterBehavior in Hugging Face's tokenizers.
TEST_CASE("split step: the behavior decides whether matches are pieces, parts of pieces or removed") {
  const std::string_view text = "the-final--countdown";
  CHECK(cut_at("-", SplitBehavior::removed, text) == CutPieces{"the", "final", "countdown"});
  CHECK(cut_at("-", SplitBehavior::isolated, text) == CutPieces{"the", "-", "final", "-", "-", "countdown"});
  CHECK(cut_at("-", SplitBehavior::merged_with_previous, text) ==
        CutPieces{"the-", "final-", "-", "countdown"});
  CHECK(cut_at("-", SplitBehavior::merged_with_next, text) == CutPieces{"the", "-final", "-", "-countdown"});
  CHECK(cut_at("-", SplitBehavior::contiguous, text) == CutPieces{"the", "-", "final", "--", "countdown"});
  CHECK(cut_at("[a-z]+", SplitBehavior::removed, text, true) == CutPieces{"the", "final", "countdown"});
  CHECK(cut_at("[a-z]+", SplitBehavior::contiguous, text, true) ==
        CutPieces{"the", "-", "final", "--", "countdown"});
}

TEST_CASE("split step: the behavior also holds for matches at the start and at the end of a text") {
  CHECK(cut_at("-", SplitBehavior::merged_with_previous, "-a-") == CutPieces{"-", "a-"});
  CHECK(cut_at("-", SplitBehavior::merged_with_next, "-a-") == CutPieces{"-a", "-"});
  CHECK(cut_at("-", SplitBehavior::contiguous, "--a") == CutPieces{"--", "a"});
  CHECK(cut_at("-", SplitBehavior::removed, "--").empty());
  CHECK(cut_at("-", SplitBehavior::isolated, "").empty());
}

TEST_CASE("split step: a match of no characters cuts the text at its place") {
  CHECK(cut_at("(?=\\d)", SplitBehavior::isolated, "a12") == CutPieces{"a", "1", "2"});
}

TEST_CASE("split step: the types of steps in tokenizer.json cut a text as in Hugging Face's tokenizers") {
  CHECK(cut_by_json(R"({"type": "Digits", "individual_digits": false}, )" + plain_byte_level, "ab12c") ==
        CutPieces{"ab", "12", "c"});
  CHECK(cut_by_json(R"({"type": "Digits", "individual_digits": true}, )" + plain_byte_level, "ab12c") ==
        CutPieces{"ab", "1", "2", "c"});
  CHECK(cut_by_json(R"({"type": "Punctuation", "behavior": "Contiguous"}, )" + plain_byte_level, "a,.b") ==
        CutPieces{"a", ",.", "b"});
  CHECK(cut_by_json(R"({"type": "Punctuation"}, )" + plain_byte_level, "a,+b、") ==
        CutPieces{"a", ",", "+", "b", "、"});
  // For this step, Hugging Face's tokenizers use the punctuation characters of an older version of Unicode.
  CHECK(cut_by_json(R"({"type": "Punctuation"}, )" + plain_byte_level, "a\u2e43\u2e42\u061d\u166d") ==
        CutPieces{"a\u2e43", "\u2e42", "\u061d", "\u166d"});
  CHECK(cut_by_json(R"({"type": "WhitespaceSplit"}, )" + plain_byte_level, " a \nb") == CutPieces{"a", "b"});
  CHECK(cut_by_json(R"({"type": "Whitespace"}, )" + plain_byte_level, "it's _a ½") ==
        CutPieces{"it", "'", "s", "_a", "½"});
  CHECK(cut_by_json(R"({"type": "Whitespace"}, )" + plain_byte_level, "1²3") == CutPieces{"1", "²", "3"});
  CHECK(cut_by_json(R"({"type": "CharDelimiterSplit", "delimiter": "|"}, )" + plain_byte_level, "a|b") ==
        CutPieces{"a", "b"});
  const std::string split =
      R"({"type": "Split", "pattern": {"String": "+"}, "behavior": "MergedWithNext", "invert": false}, )";
  CHECK(cut_by_json(split + plain_byte_level, "1+2+") == CutPieces{"1", "+2", "+"});
}

TEST_CASE(
    "split step: a ByteLevel puts a space before each piece that does not begin with one, and then cuts") {
  const std::string level = R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": true})";
  CHECK(cut_by_json(level, "a, b") == CutPieces{" a", ",", " b"});
  CHECK(cut_by_json(level, " a") == CutPieces{" a"});
  CHECK(cut_by_json(R"({"type": "Digits", "individual_digits": true}, )" + level, "a1") ==
        CutPieces{" a", " 1"});
}

// Source: Falcon's tokenizer.json has Digits and a Split after its ByteLevel.
TEST_CASE("split step: steps after a ByteLevel see each byte as a character of the byte alphabet") {
  const std::string level = R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})";
  const std::string digits = R"(, {"type": "Digits", "individual_digits": false})";
  CHECK(cut_by_json(level + digits, "ab12c") == CutPieces{"ab", "12", "c"});
  CHECK(cut_by_json(level + digits, "\u00f2") == CutPieces{"\xc3", "\xb2"});  // the byte b2 is written ²
  CHECK(cut_by_json(level + digits, "٣") == CutPieces{"٣"});  // two bytes, neither written as a number
}

TEST_CASE("split step: more than 64 steps are refused, because each step is a level of recursion") {
  std::string steps = plain_byte_level;
  for (int i = 0; i < 100; ++i) steps = R"({"type": "WhitespaceSplit"}, )" + steps;
  check_error([&] { cut_by_json(steps, ""); }, {"at most 64 steps", "found step 65"});
}

TEST_CASE(
    "split step: an error about a delimiter whose regular expression is too long names file and place") {
  const std::string long_text(20'000, '+');
  const std::string delimiter =
      R"({"type": "CharDelimiterSplit", "delimiter": ")" + long_text + R"("}, )" + plain_byte_level;
  check_error([&] { cut_by_json(delimiter, ""); },
              {"a file: $.pretokenizers[0].delimiter", "bytes", "40000"});
  const moe::JsonDocument split(R"({"type": "Split", "pattern": {"String": ")" + long_text +
                                R"("}, "behavior": "Isolated", "invert": false})");
  check_error([&] { return moe::detail::read_metaspaced_steps(split.root(), "a file"); },
              {"a file: $.pattern.String", "bytes", "40000"});
}
