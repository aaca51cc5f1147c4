// SPDX-License-Identifier: MIT
// Compares the functions written by hand for pre-tokenizers with backtracking code.
#include "detail/core/concat.hpp"
#include "detail/core/utf8.hpp"
#include "detail/text/pre_tokenizer.hpp"
#include "detail/text/unicode.hpp"
#include "support/cut_pieces.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace character = moe::detail::character;

namespace {

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

TEST_CASE("pieces: every function written by hand cuts random texts as its regular expression does") {
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
    REQUIRE(cut_pieces(moe::detail::qwen2_pattern, text) == Naive(text).pieces());
    REQUIRE(cut_pieces(moe::detail::llama3_pattern, text) == Naive(text, 3).pieces());
    REQUIRE(cut_pieces(moe::detail::qwen35_pattern, text) ==
            Naive(text, 1, character::letter | character::mark).pieces());
    REQUIRE(cut_pieces(moe::detail::gpt2_pattern, text) == Naive(text).gpt2_pieces());
    REQUIRE(cut_pieces(moe::detail::o200k_pattern, text) == Naive(text).o200k_pieces());
    REQUIRE(cut_pieces(moe::detail::tekken_pattern, text) == Naive(text).tekken_pieces());
    REQUIRE(cut_pieces(moe::detail::starcoder_pattern, text) == Naive::starcoder_pieces(text));
    REQUIRE(cut_pieces(moe::detail::deepseek_v3_pattern, text) == Naive::deepseek_v3_pieces(text));
  }
}
