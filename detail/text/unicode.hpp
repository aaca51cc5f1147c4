// SPDX-License-Identifier: MIT
#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A set of classes of characters, as bits.
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

/// A character of a text: its classes, and its size in bytes. An invalid byte of UTF-8 is a character without classes.
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

/// [code points]: the classes of all characters. Built on first use, in less than a millisecond. Thread-safe.
const Buffer<CharacterClasses>& all_classes();

inline CharacterClasses classes_of(char32_t c) { return c < 128 ? ascii_classes[c] : all_classes()[c]; }

Character non_ascii_at(std::string_view text, std::size_t at);

/// The character at the offset `at`; a character of no bytes at the end of the text.
inline Character character_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {0, 0};
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte < 128 ? Character{ascii_classes[byte], 1} : non_ascii_at(text, at);
}

/// The last character of a text; a character of no bytes if the text is empty.
Character last_character(std::string_view text);

/// The end of the run of characters of these classes that begins at `at`.
inline std::size_t end_of_run(std::string_view text, std::size_t at, CharacterClasses any_of) {
  for (Character c = character_at(text, at); c.is(any_of); c = character_at(text, at)) at += c.bytes;
  return at;
}

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "unicode.ipp"
#endif
