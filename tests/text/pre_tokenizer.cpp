// SPDX-License-Identifier: MIT
#include "detail/text/pre_tokenizer.hpp"
#include "support/cut_pieces.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace {

Pieces qwen2(std::string_view text) { return cut_pieces(moe::detail::qwen2_pattern, text); }
Pieces llama3(std::string_view text) { return cut_pieces(moe::detail::llama3_pattern, text); }
Pieces qwen35(std::string_view text) { return cut_pieces(moe::detail::qwen35_pattern, text); }
Pieces o200k(std::string_view text) { return cut_pieces(moe::detail::o200k_pattern, text); }
Pieces tekken(std::string_view text) { return cut_pieces(moe::detail::tekken_pattern, text); }
Pieces starcoder(std::string_view text) { return cut_pieces(moe::detail::starcoder_pattern, text); }
Pieces deepseek_v3(std::string_view text) { return cut_pieces(moe::detail::deepseek_v3_pattern, text); }
Pieces gpt2(std::string_view text) { return cut_pieces(moe::detail::gpt2_pattern, text); }

}  // namespace

TEST_CASE("qwen2 pieces: a word includes one character before it that is no letter, number or line break") {
  CHECK(qwen2("a  b   c") == Pieces{"a", " ", " b", "  ", " c"});
  CHECK(qwen2("(word)\tword") == Pieces{"(word", ")", "\tword"});
  CHECK(qwen2("x\nword 1word") == Pieces{"x", "\n", "word", " ", "1", "word"});
}

TEST_CASE("qwen2 pieces: the last character of white space belongs to the piece after it") {
  CHECK(qwen2("  \u00a0word") == Pieces{"  ", "\u00a0word"});
  CHECK(qwen2("  \u3000word") == Pieces{"  ", "\u3000word"});
  CHECK(qwen2("   !") == Pieces{"  ", " !"});
  CHECK(qwen2("  \u00a0!") == Pieces{"  ", "\u00a0", "!"});  // punctuation takes only U+0020
  CHECK(qwen2("   1") == Pieces{"  ", " ", "1"});
}

TEST_CASE("qwen2 pieces: white space at the end of the text is one piece") {
  CHECK(qwen2("word   ") == Pieces{"word", "   "});
  CHECK(qwen2(" ") == Pieces{" "});
}

TEST_CASE("qwen2 pieces: white space ends after its last line break") {
  CHECK(qwen2(" \n\n x") == Pieces{" \n\n", " x"});
  CHECK(qwen2("a \n \n  b") == Pieces{"a", " \n \n", " ", " b"});
  CHECK(qwen2("a\r\n\rb") == Pieces{"a", "\r\n\r", "b"});
  CHECK(qwen2("\rb") == Pieces{"\r", "b"});
  CHECK(qwen2("a\u2028\u0085b") == Pieces{"a", "\u2028", "\u0085b"});  // white space, but no line breaks
}

TEST_CASE("qwen2 pieces: punctuation includes the line breaks after it") {
  CHECK(qwen2("end.\n\n  next") == Pieces{"end", ".\n\n", " ", " next"});
  CHECK(qwen2(" ...\r\nx") == Pieces{" ...\r\n", "x"});
  CHECK(qwen2("!\t\n") == Pieces{"!", "\t\n"});
}

TEST_CASE("qwen2 pieces: contractions are pieces, in upper and lower case") {
  CHECK(qwen2("don't've") == Pieces{"don", "'t", "'ve"});
  CHECK(qwen2("it'S we'Ll") == Pieces{"it", "'S", " we", "'Ll"});
  CHECK(qwen2("'ſab") == Pieces{"'ſ", "ab"});
  CHECK(qwen2("x’s") == Pieces{"x", "’s"});  // a curly apostrophe begins no contraction
  CHECK(qwen2("'re 'r 'v") == Pieces{"'re", " '", "r", " '", "v"});
  CHECK(qwen2("'l") == Pieces{"'l"});
  CHECK(qwen2("'") == Pieces{"'"});
  CHECK(qwen2("\xc5\xbf'\xc5") == Pieces{"ſ", "'\xc5"});  // the first byte of ſ is not ſ
}

TEST_CASE("qwen2 pieces: every digit is a piece") {
  CHECK(qwen2("1234") == Pieces{"1", "2", "3", "4"});
  CHECK(qwen2("x²Ⅷ½४") == Pieces{"x", "²", "Ⅷ", "½", "४"});
}

TEST_CASE("qwen2 pieces: marks are no letters") {
  CHECK(qwen2("e\u0301x") == Pieces{"e", "\u0301x"});
  CHECK(qwen2("क्षि") == Pieces{"क", "्ष", "ि"});
}

TEST_CASE("qwen2 pieces: symbols, joiners and characters without a class count as punctuation") {
  CHECK(qwen2("👨‍👩‍👧🏽!") == Pieces{"👨‍👩‍👧🏽!"});
  CHECK(qwen2("\u0378\ue000\uffff a") == Pieces{"\u0378\ue000\uffff", " a"});
  CHECK(qwen2(std::string("\0\0a", 3)) == Pieces{std::string(2, '\0'), "a"});
}

TEST_CASE("qwen2 pieces: an invalid byte counts as punctuation") {
  CHECK(qwen2("a\xff\xfe b") == Pieces{"a", "\xff\xfe", " b"});
  CHECK(qwen2("\xe4\xb8x") == Pieces{"\xe4\xb8", "x"});
  CHECK(qwen2(" \xff\n") == Pieces{" \xff\n"});
  CHECK(qwen2("\xffx") == Pieces{"\xffx"});
}

TEST_CASE("qwen2 pieces: a run of any length is one piece") {
  for (const char* const unit : {"a", "中", " ", "\n", "!", "\xff"}) {
    std::string run;
    for (int i = 0; i < 100'000; ++i) run += unit;
    CHECK(qwen2(run).size() == 1);
  }
}

TEST_CASE("llama 3 pieces: up to three digits are a piece, from left to right") {
  CHECK(llama3("1234567") == Pieces{"123", "456", "7"});
  CHECK(llama3("x²Ⅷ½४ 12") == Pieces{"x", "²Ⅷ½", "४", " ", "12"});
  CHECK(llama3("don't  go\n\n") == Pieces{"don", "'t", " ", " go", "\n\n"});
}

TEST_CASE("qwen3.5 pieces: marks are letters") {
  CHECK(qwen35("क्षि e\u0301x 12") == Pieces{"क्षि", " e\u0301x", " ", "1", "2"});
  CHECK(qwen35("!\u0301 \u0301\u0301") == Pieces{"!\u0301", " \u0301\u0301"});
}

TEST_CASE(
    "gpt-2 pieces: one space belongs to the next piece, contractions are in lower case, line breaks are "
    "white space") {
  CHECK(gpt2("It's  1234 IT'S\n\nx ...  ") ==
        Pieces{"It", "'s", " ", " 1234", " IT", "'", "S", "\n", "\n", "x", " ...", "  "});
  CHECK(gpt2("\tx") == Pieces{"\t", "x"});
  CHECK(gpt2("(word)") == Pieces{"(", "word", ")"});
}

TEST_CASE("o200k pieces: a word ends before the next capital letter") {
  CHECK(o200k("camelCase HTTPServer ABC") == Pieces{"camel", "Case", " HTTPServer", " ABC"});
  CHECK(o200k("ǅabc") == Pieces{"ǅabc"});
}

TEST_CASE("o200k pieces: letters without case count as capital and as small letters") {
  CHECK(o200k("中文Abc中B") == Pieces{"中文Abc中", "B"});
  CHECK(o200k("AªB") == Pieces{"Aª", "B"});  // backtracks to the last character that may be a small letter
}

TEST_CASE("o200k pieces: a word includes the contraction after it") {
  CHECK(o200k("don't DON'T 's") == Pieces{"don't", " DON'T", " '", "s"});
  CHECK(o200k("it'ſx") == Pieces{"it'ſ", "x"});
}

TEST_CASE("o200k pieces: up to three digits are a piece") {
  CHECK(o200k("1234567x") == Pieces{"123", "456", "7", "x"});
}

TEST_CASE("o200k pieces: punctuation includes the line breaks and slashes after it") {
  CHECK(o200k(" ..\n/\n/x") == Pieces{" ..\n/\n/", "x"});
}

TEST_CASE("o200k pieces: marks are letters, and a word of marks ends before a capital letter") {
  CHECK(o200k("e\u0301x \u0301\u0301A") == Pieces{"e\u0301x", " \u0301\u0301", "A"});
}

TEST_CASE("tekken pieces: every digit is a piece, and contractions are words") {
  CHECK(tekken("it's 123") == Pieces{"it", "'s", " ", "1", "2", "3"});
  CHECK(tekken("HelloWorld/\n\nIT'S") == Pieces{"Hello", "World", "/\n\n", "IT", "'S"});
}

TEST_CASE("starcoder pieces: every number is a piece, and a text ends before it") {
  CHECK(starcoder("a  12 b") == Pieces{"a", "  ", "1", "2", " b"});
  CHECK(starcoder("it's 3  x!4") == Pieces{"it", "'s", " ", "3", " ", " x", "!", "4"});
}

TEST_CASE("deepseek-v3 pieces: up to three digits are a piece, without a space before them") {
  CHECK(deepseek_v3("a 1234  5") == Pieces{"a", " ", "123", "4", "  ", "5"});
}

TEST_CASE(
    "deepseek-v3 pieces: Han and kana are separated from other characters, then cut into words and symbols") {
  CHECK(deepseek_v3("ab中文かな cd") == Pieces{"ab", "中文かな", " cd"});
  CHECK(deepseek_v3("  中") == Pieces{"  ", "中"});
  CHECK(deepseek_v3("・\n・") == Pieces{"・", "\n", "・"});
  CHECK(deepseek_v3("カ・ー") == Pieces{"カ", "・", "ー"});
  CHECK(deepseek_v3("\u4e00\u9fa5\u9fa6") == Pieces{"\u4e00\u9fa5", "\u9fa6"});
}

TEST_CASE("deepseek-v3 pieces: an ASCII punctuation mark includes the ASCII letters after it") {
  CHECK(deepseek_v3("a.bcé _x (é") == Pieces{"a", ".bc", "é", " _", "x", " (", "é"});
}

TEST_CASE("deepseek-v3 pieces: punctuation includes a space before it and line breaks after it") {
  CHECK(deepseek_v3(" ?!\r\n\n x") == Pieces{" ?!\r\n\n", " x"});
}

TEST_CASE(
    "deepseek-v3 pieces: the last character of white space belongs to the next word of the same part only") {
  CHECK(deepseek_v3("a   b\n \n  c") == Pieces{"a", "  ", " b", "\n \n", " ", " c"});
  CHECK(deepseek_v3("a  ") == Pieces{"a", "  "});
}

TEST_CASE(
    "deepseek-v3 pieces: characters that match nothing are one piece, up to a character that begins a word") {
  CHECK(deepseek_v3("\x01\x02\x03z\x01\x02") == Pieces{"\x01\x02", "\x03z", "\x01\x02"});
}

TEST_CASE("deepseek-v3 pieces: long runs are cut in linear time") {
  for (const char* unit : {"中", "a", " ", "\x01", ".", "1"}) {
    std::string text;
    while (text.size() < 600'000) text += unit;
    std::size_t size = 0;
    for (const std::string& piece : deepseek_v3(text)) size += piece.size();
    CHECK(size == text.size());
  }
}

TEST_CASE("split patterns: a pattern is found only by exactly its regular expression") {
  for (const moe::detail::SplitPattern* pattern :
       {&moe::detail::qwen2_pattern, &moe::detail::llama3_pattern, &moe::detail::qwen35_pattern,
        &moe::detail::gpt2_pattern, &moe::detail::o200k_pattern, &moe::detail::deepseek_v3_pattern,
        &moe::detail::bailing_pattern, &moe::detail::cl100k_pattern, &moe::detail::tekken_pattern,
        &moe::detail::starcoder_pattern})
    CHECK(moe::detail::find_split_pattern(pattern->regex) == pattern);
  CHECK(moe::detail::llama3_pattern.regex.find("\\p{N}{1,3}|") != std::string::npos);
  CHECK(moe::detail::find_split_pattern("") == nullptr);
  CHECK(moe::detail::find_split_pattern(R"(\s+)") == nullptr);
  CHECK(moe::detail::find_split_pattern(std::string(moe::detail::qwen2_pattern.regex) + " ") == nullptr);
  CHECK(moe::detail::qwen2_pattern.regex ==
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
        "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
        "\\s+(?!\\S)|\\s+");
}
