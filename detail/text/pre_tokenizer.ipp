// SPDX-License-Identifier: MIT
#pragma once
#include "pre_tokenizer.hpp"
#include "unicode.hpp"

#include <cstddef>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

// The functions below match a part of a regular expression at the start of a text that is not empty. They return the size of
// the match in bytes; 0 if there is no match.

inline bool is_newline(std::string_view text, std::size_t at) {
  return at < text.size() && (text[at] == '\r' || text[at] == '\n');
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
inline std::size_t contraction(std::string_view text) {
  if (text.front() != '\'') return 0;
  if (text.substr(1, 2) == "\xc5\xbf") return 3;  // ſ (U+017F), which folds to s
  const auto lower = [&](std::size_t at) { return at < text.size() ? text[at] | 0x20 : 0; };
  const int first = lower(1), second = lower(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  const bool two =
      (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
  return two ? 3 : 0;
}

/// `[^\r\n\p{L}\p{N}]?\p{L}+`; `letters` may include marks, as in `[\p{L}\p{M}]+`.
inline std::size_t prefixed_word(std::string_view text, CharacterClasses letters) {
  const Character first = character_at(text, 0);
  if (first.is(letters)) return end_of_run(text, first.bytes, letters);
  if (first.is(character::number) || is_newline(text, 0)) return 0;
  const std::size_t end = end_of_run(text, first.bytes, letters);
  return end > first.bytes ? end : 0;
}

/// `\p{N}{1,most}`
inline std::size_t digits(std::string_view text, std::size_t most) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < most; ++i) {
    const Character c = character_at(text, end);
    if (!c.is(character::number)) break;
    end += c.bytes;
  }
  return end;
}

/// ` ?[^\s\p{L}\p{N}]+`, with the classes `letters` in place of \p{L}.
inline std::size_t symbols(std::string_view text, CharacterClasses letters) {
  const std::size_t begin = text.front() == ' ' ? 1 : 0;
  std::size_t end = begin;
  while (end < text.size()) {
    const Character c = character_at(text, end);
    if (c.is(character::space | character::number | letters)) break;
    end += c.bytes;
  }
  return end > begin ? end : 0;
}

/// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, with the classes `letters` in place of \p{L}.
inline std::size_t punctuation(std::string_view text, CharacterClasses letters) {
  std::size_t end = symbols(text, letters);
  while (end > 0 && is_newline(text, end)) ++end;
  return end;
}

/// `\s+(?!\S)|\s+`: a run of white space without its last character, which may begin the next word; or the whole run, if the
/// run is one character, ends the text, or is followed by a character of the classes `border`.
inline std::size_t blank(std::string_view text, CharacterClasses border) {
  std::size_t end = 0, last = 0;
  for (Character c = character_at(text, 0); c.is(character::space); c = character_at(text, end)) {
    last = end;
    end += c.bytes;
  }
  return end == text.size() || last == 0 || character_at(text, end).is(border) ? end : last;
}

/// `\s*[\r\n]+|\s+(?!\S)|\s+`: a run of white space up to its last line break. Like blank() for a run without a line break.
inline std::size_t white_space(std::string_view text) {
  std::size_t end = 0, after_newline = 0, last = 0;
  for (Character c = character_at(text, 0); c.is(character::space); c = character_at(text, end)) {
    if (is_newline(text, end)) after_newline = end + 1;
    last = end;
    end += c.bytes;
  }
  if (after_newline > 0) return after_newline;
  return end == text.size() || last == 0 ? end : last;
}

/// The pattern of Qwen2, with a limit for the digits in a piece, and with the classes that count as letters.
inline std::size_t piece(std::string_view text, std::size_t most_digits, CharacterClasses letters) {
  if (const std::size_t size = contraction(text)) return size;
  if (const std::size_t size = prefixed_word(text, letters)) return size;
  if (const std::size_t size = digits(text, most_digits)) return size;
  if (const std::size_t size = punctuation(text, letters)) return size;
  return white_space(text);
}

MOE_INLINE std::size_t qwen2_piece(std::string_view text) { return piece(text, 1, character::letter); }

MOE_INLINE std::size_t llama3_piece(std::string_view text) { return piece(text, 3, character::letter); }

MOE_INLINE std::size_t qwen35_piece(std::string_view text) {
  return piece(text, 1, character::letter | character::mark);
}

/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+`, or ` ?\p{N}+` too if `runs` has numbers.
inline std::size_t gpt2_word(std::string_view text, CharacterClasses runs) {
  for (const std::string_view tail : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
    if (text.starts_with(tail)) return tail.size();
  const std::size_t begin = text.front() == ' ' ? 1 : 0;
  for (const CharacterClasses run : {character::letter, character::number})
    if ((runs & run) != 0)
      if (const std::size_t end = end_of_run(text, begin, run); end > begin) return end;
  return 0;
}

MOE_INLINE std::size_t gpt2_piece(std::string_view text) {
  if (const std::size_t size = gpt2_word(text, character::letter | character::number)) return size;
  if (const std::size_t size = symbols(text, character::letter)) return size;
  return blank(text, CharacterClasses{0});
}

MOE_INLINE std::size_t starcoder_piece(std::string_view text) {
  if (const std::size_t size = digits(text, 1)) return size;
  if (const std::size_t size = gpt2_word(text, character::letter)) return size;
  if (const std::size_t size = symbols(text, character::letter)) return size;
  return blank(text, character::number);
}

/// `U*W+` from `begin` on, or else `U+`, where U is `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` and W `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
struct CasedWord {
  std::size_t end = 0;       // of U*W+; 0 for no match
  std::size_t capitals = 0;  // the end of U+; 0 for no match

  CasedWord(std::string_view text, std::size_t begin) {
    constexpr CharacterClasses letters = character::letter | character::mark;
    std::size_t at = begin;
    for (Character c = character_at(text, at); c.is(letters) && !c.is(character::lower);
         c = character_at(text, at)) {
      at += c.bytes;
      if (!c.is(character::upper)) end = at;  // W+ may be this character alone if no small letter follows
    }
    if (at > begin) capitals = at;
    for (Character c = character_at(text, at); c.is(letters) && !c.is(character::upper);
         c = character_at(text, at))
      end = at += c.bytes;
  }
};

/// `[^\r\n\p{L}\p{N}]?U*W+|[^\r\n\p{L}\p{N}]?U+W*`
inline std::size_t cased_word(std::string_view text) {
  const Character first = character_at(text, 0);
  const bool prefix = !first.is(character::letter | character::number) && !is_newline(text, 0);
  const CasedWord behind(text, prefix ? first.bytes : 0), whole(text, 0);
  for (const std::size_t end : {behind.end, whole.end, behind.capitals, whole.capitals})
    if (end > 0) return end;
  return 0;
}

/// The alternatives of o200k after the two alternatives for words.
inline std::size_t o200k_rest(std::string_view text, std::size_t most_digits) {
  if (const std::size_t size = digits(text, most_digits)) return size;
  std::size_t end = symbols(text, character::letter);
  if (end == 0) return white_space(text);
  while (is_newline(text, end) || text.substr(end, 1) == "/") ++end;
  return end;
}

MOE_INLINE std::size_t o200k_piece(std::string_view text) {
  const std::size_t word = cased_word(text);
  if (word == 0) return o200k_rest(text, 3);
  return word == text.size() ? word : word + contraction(text.substr(word));
}

MOE_INLINE std::size_t tekken_piece(std::string_view text) {
  const std::size_t word = cased_word(text);
  return word > 0 ? word : o200k_rest(text, 1);
}

/// `[一-龥぀-ゟ゠-ヿ]`
inline bool is_han_or_kana(std::string_view text, std::size_t at) {
  const std::string_view c = text.substr(at, character_at(text, at).bytes);
  return c.size() == 3 && ((c >= "\u4e00" && c <= "\u9fa5") || (c >= "\u3040" && c <= "\u30ff"));
}

/// The third Split of DeepSeek-V3, applied to a part that the first two Splits leave whole: the part has no numbers, and either
/// all of its characters are Han or kana, or none of them.
class DeepseekV3Part {
 public:
  /// The part begins where the text begins, and may end before the text ends.
  explicit DeepseekV3Part(std::string_view text) : text_(text), han_or_kana_(is_han_or_kana(text, 0)) {}

  /// A match, or else the characters before the next match.
  std::size_t first_piece() const {
    if (const std::size_t end = match(0)) return end;
    std::size_t end = at(0).bytes;
    while (at(end).bytes > 0 && match(end) == 0) end += at(end).bytes;
    return end;
  }

 private:
  /// The character at the position; a character of no bytes at the end of the part.
  Character at(std::size_t position) const {
    const Character c = character_at(text_, position);
    const bool outside = c.is(character::number) || is_han_or_kana(text_, position) != han_or_kana_;
    return outside ? Character{0, 0} : c;
  }

  std::size_t end_of(std::size_t begin, CharacterClasses any_of) const {
    for (Character c = at(begin); c.is(any_of); c = at(begin)) begin += c.bytes;
    return begin;
  }

  /// The end of the match at `begin`; 0 for no match.
  std::size_t match(std::size_t begin) const;

  std::size_t end_of_ascii_letters(std::size_t begin) const {
    while (begin < text_.size() && character_at(text_, begin).bytes == 1 &&
           character_at(text_, begin).is(character::letter))
      ++begin;
    return begin;
  }

  std::string_view text_;
  bool han_or_kana_;
};

MOE_INLINE std::size_t DeepseekV3Part::match(std::size_t begin) const {
  using namespace character;
  const Character first = at(begin);
  const std::size_t second = begin + first.bytes;
  if (first.is(symbol) && first.bytes == 1)
    if (const std::size_t end = end_of_ascii_letters(second); end > second) return end;
  if (!first.is(letter | symbol) && !is_newline(text_, begin))
    if (const std::size_t end = end_of(second, letter | mark); end > second) return end;
  if (const std::size_t end = end_of(begin, letter | mark); end > begin) return end;
  const std::size_t after_space = text_[begin] == ' ' ? second : begin;
  if (std::size_t end = end_of(after_space, symbol); end > after_space) {
    while (!han_or_kana_ && is_newline(text_, end)) ++end;
    return end;
  }
  const std::size_t end = end_of(begin, space);
  if (end == begin) return 0;
  // White space at the end of the part is like white space at the end of a text.
  const std::size_t known = at(end).bytes > 0 ? text_.size() : end;
  return begin + white_space(text_.substr(begin, known - begin));
}

MOE_INLINE std::size_t deepseek_v3_piece(std::string_view text) {
  if (const std::size_t size = digits(text, 3)) return size;
  return DeepseekV3Part(text).first_piece();
}

MOE_INLINE const SplitPattern* find_split_pattern(std::string_view regex) {
  for (const SplitPattern* pattern :
       {&qwen2_pattern, &bailing_pattern, &llama3_pattern, &cl100k_pattern, &qwen35_pattern, &gpt2_pattern,
        &starcoder_pattern, &o200k_pattern, &tekken_pattern, &deepseek_v3_pattern})
    if (pattern->regex == regex) return pattern;
  return nullptr;
}

}  // namespace moe::inline MOE_ABI::detail
