#pragma once
#include "../core/buffer.hpp"
#include "../core/utf8.hpp"
#include "table_reader.hpp"
#include "unicode_category_tables.hpp"
#include "unicode_tables.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::detail {

/// The classes that a character is of, as bits.
using CharacterClasses = std::uint8_t;
namespace character {
inline constexpr CharacterClasses letter = 1;   // \p{L}
inline constexpr CharacterClasses number = 2;   // \p{N}
inline constexpr CharacterClasses mark = 4;     // \p{M}
inline constexpr CharacterClasses space = 8;    // \s
inline constexpr CharacterClasses word = 16;    // \w
inline constexpr CharacterClasses symbol = 32;  // [\p{P}\p{S}]
inline constexpr CharacterClasses upper = 64;   // [\p{Lu}\p{Lt}]
inline constexpr CharacterClasses lower = 128;  // \p{Ll}
}  // namespace character

/// A character of a text with the bytes that it takes. A byte that is not valid UTF-8 is a character without any class.
struct Character {
  CharacterClasses classes;
  std::size_t bytes;

  bool is(CharacterClasses any_of) const { return (classes & any_of) != 0; }
};

inline constexpr auto ascii_classes = [] {
  using namespace character;
  std::array<CharacterClasses, 128> classes{};
  for (std::size_t c = '!'; c <= '~'; ++c) classes[c] = symbol;
  for (std::size_t c = '0'; c <= '9'; ++c) classes[c] = number | word;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) classes[c] = letter | upper | word;
  for (std::size_t c = 'a'; c <= 'z'; ++c) classes[c] = letter | lower | word;
  for (std::size_t c = '\t'; c <= '\r'; ++c) classes[c] = space;
  classes[' '] = space;
  classes['_'] = symbol | word;
  return classes;
}();

/// The classes of all code points, by code point. Built on first use, in less than a millisecond.
inline const Buffer<CharacterClasses>& all_classes() {
  using namespace character;
  static const Buffer<CharacterClasses> table = [] {
    Buffer<CharacterClasses> classes(0x110000);
    const auto add = [&](std::string_view ranges, CharacterClasses added) {
      for_each_in_ranges(ranges, [&](char32_t c) { classes[c] |= added; });
    };
    add(letter_ranges, letter | word);
    add(number_ranges, number | word);
    for_each_in_ranges(other_number_ranges, [&](char32_t c) { classes[c] = number; });
    add(mark_ranges, mark | word);
    add(space_ranges, space);
    add(word_extra_ranges, word);
    add(symbol_ranges, symbol);
    add(upper_ranges, upper);
    add(lower_ranges, lower);
    return classes;
  }();
  return table;
}

inline CharacterClasses classes_of(char32_t c) { return c < 128 ? ascii_classes[c] : all_classes()[c]; }

inline Character non_ascii_at(std::string_view text, std::size_t at) {
  const Utf8Step step = utf8_step(text.substr(at));
  return step.valid ? Character{all_classes()[step.code_point], step.bytes} : Character{0, 1};
}

/// The character that begins at `at`; one of no class and no bytes at the end of the text.
inline Character character_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {0, 0};
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte < 128 ? Character{ascii_classes[byte], 1} : non_ascii_at(text, at);
}

/// The character that ends where the text ends; one of no class and no bytes if the text is empty.
inline Character last_character(std::string_view text) {
  for (std::size_t bytes = 1; bytes <= std::min(text.size(), std::size_t{4}); ++bytes) {
    const Utf8Step step = utf8_step(text.substr(text.size() - bytes));
    if (step.valid && step.bytes == bytes) return {classes_of(step.code_point), bytes};
  }
  return {0, std::min(text.size(), std::size_t{1})};
}

/// The end of the run of characters from `at` on that are of any of these classes.
inline std::size_t end_of_run(std::string_view text, std::size_t at, CharacterClasses any_of) {
  for (Character c = character_at(text, at); c.is(any_of); c = character_at(text, at)) at += c.bytes;
  return at;
}

}  // namespace moe::detail
