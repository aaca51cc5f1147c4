// SPDX-License-Identifier: MIT
#include "detail/core/utf8.hpp"
#include "detail/text/unicode.hpp"
#include "detail/core/concat.hpp"
#include "detail/text/pre_tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace character = moe::detail::character;

namespace {

using Pieces = std::vector<std::string>;

Pieces cut(const moe::detail::SplitPattern& pattern, std::string_view text) {
  Pieces pieces;
  while (!text.empty()) {
    const std::size_t size = pattern.first_piece(text);
    REQUIRE(size > 0);
    REQUIRE(size <= text.size());
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

Pieces qwen2(std::string_view text) { return cut(moe::detail::qwen2_pattern, text); }
Pieces llama3(std::string_view text) { return cut(moe::detail::llama3_pattern, text); }
Pieces qwen35(std::string_view text) { return cut(moe::detail::qwen35_pattern, text); }
Pieces o200k(std::string_view text) { return cut(moe::detail::o200k_pattern, text); }
Pieces tekken(std::string_view text) { return cut(moe::detail::tekken_pattern, text); }
Pieces starcoder(std::string_view text) { return cut(moe::detail::starcoder_pattern, text); }
Pieces deepseek_v3(std::string_view text) { return cut(moe::detail::deepseek_v3_pattern, text); }
Pieces gpt2(std::string_view text) { return cut(moe::detail::gpt2_pattern, text); }

/// The regular expressions as backtracking code, over characters instead of bytes. `most_digits` and `letters`: how a pattern
/// differs from the pattern of Qwen2.
class Naive {
 public:
  explicit Naive(std::string_view text, std::size_t most_digits = 1,
                 moe::detail::CharacterClasses letters = character::letter)
      : most_digits_(most_digits), letters_(letters) {
    for (std::size_t at = 0; at < text.size();) {
      const moe::detail::Character c = moe::detail::character_at(text, at);
      characters_.push_back({std::string(text.substr(at, c.bytes)), c.classes});
      at += c.bytes;
    }
  }

  Pieces pieces() const {
    return pieces([this](std::size_t at) { return match(at); });
  }
  Pieces gpt2_pieces() const {
    return pieces([this](std::size_t at) { return gpt2_match(at); });
  }
  Pieces o200k_pieces() const {
    return pieces([this](std::size_t at) { return o200k_match(at, 3, true); });
  }
  Pieces tekken_pieces() const {
    return pieces([this](std::size_t at) { return o200k_match(at, 1, false); });
  }

  /// The pieces of a Split: its matches, and the texts between them.
  template <class Match>
  Pieces isolated(Match end_of_match) const {
    Pieces out;
    bool gap = false;
    for (std::size_t at = 0; at < characters_.size();) {
      const std::size_t end = (this->*end_of_match)(at);
      if (end > at || !gap) out.emplace_back();
      gap = end == at;
      for (const std::size_t to = gap ? at + 1 : end; at < to; ++at) out.back() += characters_[at].text;
    }
    return out;
  }

  /// Three Splits, one after the other.
  static Pieces deepseek_v3_pieces(std::string_view text) {
    return in_turn(text, {&Naive::three_numbers, &Naive::han_or_kana, &Naive::deepseek_match});
  }
  static Pieces starcoder_pieces(std::string_view text) {
    return in_turn(text, {&Naive::one_number, &Naive::gpt2_match});
  }

 private:
  /// Splits, one after the other.
  static Pieces in_turn(std::string_view text,
                        std::initializer_list<std::size_t (Naive::*)(std::size_t) const> matches) {
    Pieces out{std::string(text)};
    for (const auto match : matches) {
      Pieces finer;
      for (const std::string& piece : out)
        for (const std::string& part : Naive(piece).isolated(match)) finer.push_back(part);
      out = finer;
    }
    return out;
  }

  struct One {
    std::string text;
    moe::detail::CharacterClasses classes;
  };

  template <class Match>
  Pieces pieces(Match match) const {
    Pieces out;
    for (std::size_t at = 0; at < characters_.size();) {
      const std::size_t end = match(at);
      out.emplace_back();
      for (; at < end; ++at) out.back() += characters_[at].text;
    }
    return out;
  }

  bool is(std::size_t at, moe::detail::CharacterClasses bits) const {
    return at < characters_.size() && (characters_[at].classes & bits) != 0;
  }
  bool not_of(std::size_t at, moe::detail::CharacterClasses bits) const {
    return at < characters_.size() && (characters_[at].classes & bits) == 0;
  }
  bool newline(std::size_t at) const {
    return at < characters_.size() && (characters_[at].text == "\r" || characters_[at].text == "\n");
  }

  std::size_t match(std::size_t at) const {
    using namespace character;
    for (const std::string_view tail : {"s", "t", "re", "ve", "m", "ll", "d"})
      if (folded(at, 1 + tail.size()) == moe::detail::concat('\'', tail)) return at + 1 + tail.size();
    for (const std::size_t prefix : {std::size_t{1}, std::size_t{0}}) {  // [^\r\n\p{L}\p{N}]?\p{L}+
      if (prefix == 1 && (newline(at) || !not_of(at, letter | number))) continue;
      std::size_t end = at + prefix;
      while (is(end, letters_)) ++end;
      if (end > at + prefix) return end;
    }
    for (std::size_t end = at; is(at, number); ++end)
      if (!is(end, number) || end == at + most_digits_) return end;
    for (const std::size_t prefix : {std::size_t{1}, std::size_t{0}}) {  // ` ?[^\s\p{L}\p{N}]+[\r\n]*`
      if (prefix == 1 && characters_[at].text != " ") continue;
      std::size_t end = at + prefix;
      while (not_of(end, space | letters_ | number)) ++end;
      if (end == at + prefix) continue;
      while (newline(end)) ++end;
      return end;
    }
    return white(at);
  }

  std::size_t white(std::size_t at) const {
    using namespace character;
    std::size_t run = at;
    while (is(run, space)) ++run;
    for (std::size_t end = run; end > at; --end)  // \s*[\r\n]+, the longest \s* first
      if (newline(end - 1)) return end;
    for (std::size_t end = run; end > at; --end)  // \s+(?!\S)
      if (end == characters_.size() || is(end, space)) return end;
    return run;
  }

  std::size_t numbers(std::size_t at, std::size_t most) const {
    std::size_t end = at;
    while (end < at + most && is(end, character::number)) ++end;
    return end;
  }
  std::size_t one_number(std::size_t at) const { return numbers(at, 1); }
  std::size_t three_numbers(std::size_t at) const { return numbers(at, 3); }

  std::size_t o200k_match(std::size_t at, std::size_t most_numbers, bool contractions) const {
    using namespace character;
    const auto capital = [&](std::size_t i) { return is(i, letter | mark) && !is(i, lower); };
    const auto small = [&](std::size_t i) { return is(i, letter | mark) && !is(i, upper); };
    for (const bool needs_small : {true, false}) {  // U*W+, then U+W*
      for (const std::size_t prefix : {std::size_t{1}, std::size_t{0}}) {
        if (prefix == 1 && (newline(at) || !not_of(at, letter | number))) continue;
        const std::size_t begin = at + prefix;
        std::size_t longest = begin;
        while (capital(longest)) ++longest;
        for (std::size_t turn = longest + 1; turn-- > begin;) {  // backtracks by one character
          std::size_t end = turn;
          while (small(end)) ++end;
          if (needs_small ? end == turn : turn == begin) continue;
          for (const std::string_view tail : {"s", "t", "re", "ve", "m", "ll", "d"})
            if (contractions && folded(end, 1 + tail.size()) == moe::detail::concat('\'', tail))
              return end + 1 + tail.size();
          return end;
        }
      }
    }
    if (const std::size_t end = numbers(at, most_numbers); end > at) return end;
    for (const std::size_t prefix : {std::size_t{1}, std::size_t{0}}) {
      if (prefix == 1 && characters_[at].text != " ") continue;
      std::size_t end = at + prefix;
      while (not_of(end, space | letter | number)) ++end;
      if (end == at + prefix) continue;
      while (newline(end) || (end < characters_.size() && characters_[end].text == "/")) ++end;
      return end;
    }
    return white(at);
  }

  std::size_t han_or_kana(std::size_t at) const {
    for (; at < characters_.size(); ++at) {
      const moe::detail::Utf8Step c = moe::detail::utf8_step(characters_[at].text);
      const char32_t code = c.valid ? c.code_point : 0;
      if ((code < 0x4e00 || code > 0x9fa5) && (code < 0x3040 || code > 0x30ff)) break;
    }
    return at;
  }

  std::size_t deepseek_match(std::size_t at) const {
    using namespace character;
    const auto ascii = [&](std::size_t i, moe::detail::CharacterClasses bits) {
      return is(i, bits) && characters_[i].text.size() == 1;
    };
    if (ascii(at, symbol) && ascii(at + 1, letter)) {
      std::size_t end = at + 1;
      while (ascii(end, letter)) ++end;
      return end;
    }
    for (const std::size_t prefix : {std::size_t{1}, std::size_t{0}}) {
      if (prefix == 1 && (newline(at) || is(at, letter | symbol))) continue;
      std::size_t end = at + prefix;
      while (is(end, letter | mark)) ++end;
      if (end > at + prefix) return end;
    }
    for (const std::size_t prefix : {std::size_t{1}, std::size_t{0}}) {
      if (prefix == 1 && characters_[at].text != " ") continue;
      std::size_t end = at + prefix;
      while (is(end, symbol)) ++end;
      if (end == at + prefix) continue;
      while (newline(end)) ++end;
      return end;
    }
    return white(at);
  }

  std::size_t gpt2_match(std::size_t at) const {
    using namespace character;
    for (const std::string_view tail : {"s", "t", "re", "ve", "m", "ll", "d"}) {
      std::string found;
      for (std::size_t i = at; i <= at + tail.size() && i < characters_.size(); ++i)
        found += characters_[i].text;
      if (found == moe::detail::concat('\'', tail)) return at + 1 + tail.size();
    }
    for (int kind = 0; kind < 3; ++kind) {  // ` ?\p{L}+`, ` ?\p{N}+`, ` ?[^\s\p{L}\p{N}]+`
      for (const std::size_t prefix : {std::size_t{1}, std::size_t{0}}) {
        if (prefix == 1 && characters_[at].text != " ") continue;
        std::size_t end = at + prefix;
        while (kind == 0   ? is(end, letter)
               : kind == 1 ? is(end, number)
                           : not_of(end, space | letter | number))
          ++end;
        if (end > at + prefix) return end;
      }
    }
    std::size_t run = at;
    while (is(run, space)) ++run;
    for (std::size_t end = run; end > at; --end)  // \s+(?!\S)
      if (end == characters_.size() || is(end, space)) return end;
    return run;
  }

  std::string folded(std::size_t at, std::size_t count) const {
    std::string out;
    for (std::size_t i = at; i < at + count && i < characters_.size(); ++i) {
      const std::string& text = characters_[i].text;
      const bool upper = text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z';
      out += upper ? std::string(1, static_cast<char>(text[0] + 32)) : text == "ſ" ? "s" : text;
    }
    return out;
  }

  std::size_t most_digits_;
  moe::detail::CharacterClasses letters_;
  std::vector<One> characters_;
};

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

TEST_CASE("o200k pieces: marks are letters, and no prefix of a word") {
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

TEST_CASE("pieces: every pattern cuts random texts as its regular expression does") {
  const Pieces pool = {"a",      "B",    "s",        "T",      "re",     "LL",     "d",
                       "m",      "ve",   "'",        "ſ",      " ",      " ",      "  ",
                       "\n",     "\r",   "\t",       "1",      "²",      "\u0301", "!",
                       "-",      "中",   "\u00a0",   "\u3000", "😀",      "\u200d", "\u0085",
                       "\u2028", "\xff", "\xe4\xb8", "’",      "ª",      "ǅ",      "/",
                       "_",      "か",   "・",       "\u30fc", "\u01bb", "<|",     std::string(1, '\0')};
  std::mt19937 generator(1);
  for (int i = 0; i < 30'000; ++i) {
    std::string text;
    for (auto left = generator() % 12; left > 0; --left) text += pool[generator() % pool.size()];
    CAPTURE(text);
    REQUIRE(qwen2(text) == Naive(text).pieces());
    REQUIRE(llama3(text) == Naive(text, 3).pieces());
    REQUIRE(qwen35(text) == Naive(text, 1, character::letter | character::mark).pieces());
    REQUIRE(gpt2(text) == Naive(text).gpt2_pieces());
    REQUIRE(o200k(text) == Naive(text).o200k_pieces());
    REQUIRE(tekken(text) == Naive(text).tekken_pieces());
    REQUIRE(starcoder(text) == Naive::starcoder_pieces(text));
    REQUIRE(deepseek_v3(text) == Naive::deepseek_v3_pieces(text));
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
