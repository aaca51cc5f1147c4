#pragma once
#include "unicode.hpp"

#include <cstddef>
#include <string_view>

namespace moe {
namespace detail {

// Pre-tokenizers are regular expressions that cut a text into pieces, each of which becomes tokens by itself.
// There are few of them, so each is a function here instead of a program for an engine. The functions below
// look at the front of a text and return the size in bytes of what they match; 0 is no match.

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

/// `[^\r\n\p{L}\p{N}]?\p{L}+`
inline std::size_t prefixed_word(std::string_view text) {
  const Character first = character_at(text, 0);
  if (first.is(character::letter)) return end_of_run(text, first.bytes, character::letter);
  if (first.is(character::number) || is_newline(text, 0)) return 0;
  const std::size_t end = end_of_run(text, first.bytes, character::letter);
  return end > first.bytes ? end : 0;
}

/// ` ?[^\s\p{L}\p{N}]+[\r\n]*`
inline std::size_t punctuation(std::string_view text) {
  const std::size_t begin = text.front() == ' ' ? 1 : 0;
  std::size_t end = begin;
  while (end < text.size()) {
    const Character c = character_at(text, end);
    if (c.is(character::space | character::letter | character::number)) break;
    end += c.bytes;
  }
  if (end == begin) return 0;
  while (is_newline(text, end)) ++end;
  return end;
}

/// `\s*[\r\n]+|\s+(?!\S)|\s+`: a run of white space up to its last line break; without one, all of it but a
/// last character that a word may begin with.
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

inline std::size_t qwen2_piece(std::string_view text) {
  if (const std::size_t size = contraction(text)) return size;
  if (const std::size_t size = prefixed_word(text)) return size;
  if (const Character first = character_at(text, 0); first.is(character::number)) return first.bytes;
  if (const std::size_t size = punctuation(text)) return size;
  return white_space(text);
}

}  // namespace detail

/// A regular expression that cuts texts into pieces, and the function that does it.
struct SplitPattern {
  std::string_view regex;

  /// The size in bytes, not 0, of the first piece of a text that is not empty. A byte that is not valid UTF-8
  /// is like a punctuation mark.
  std::size_t (*first_piece)(std::string_view text);
};

/// Qwen2, Qwen2.5, Qwen3.
inline constexpr SplitPattern qwen2_pattern = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
    detail::qwen2_piece};

/// The pattern of that regular expression, letter by letter; null if there is none.
inline const SplitPattern* find_split_pattern(std::string_view regex) {
  for (const SplitPattern* pattern : {&qwen2_pattern})
    if (pattern->regex == regex) return pattern;
  return nullptr;
}

}  // namespace moe
