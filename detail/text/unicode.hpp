#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The classes that a character is of, as bits.
using CharacterClasses = std::uint8_t;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::detail::character {

inline constexpr CharacterClasses letter = 1;   // \p{L}
inline constexpr CharacterClasses number = 2;   // \p{N}
inline constexpr CharacterClasses mark = 4;     // \p{M}
inline constexpr CharacterClasses space = 8;    // \s
inline constexpr CharacterClasses word = 16;    // \w
inline constexpr CharacterClasses symbol = 32;  // [\p{P}\p{S}]
inline constexpr CharacterClasses upper = 64;   // [\p{Lu}\p{Lt}]
inline constexpr CharacterClasses lower = 128;  // \p{Ll}

}  // namespace moe::detail::character

namespace moe::inline MOE_ABI::detail {

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
const Buffer<CharacterClasses>& all_classes();

inline CharacterClasses classes_of(char32_t c) { return c < 128 ? ascii_classes[c] : all_classes()[c]; }

Character non_ascii_at(std::string_view text, std::size_t at);

/// The character that begins at `at`; one of no class and no bytes at the end of the text.
Character character_at(std::string_view text, std::size_t at);

/// The character that ends where the text ends; one of no class and no bytes if the text is empty.
Character last_character(std::string_view text);

/// The end of the run of characters from `at` on that are of any of these classes.
std::size_t end_of_run(std::string_view text, std::size_t at, CharacterClasses any_of);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "unicode.ipp"
#endif
