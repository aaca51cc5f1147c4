// SPDX-License-Identifier: MIT
#include "detail/text/unicode.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace moe::detail;

namespace {

bool is_word(char32_t c) { return (classes_of(c) & character::word) != 0; }

}  // namespace

TEST_CASE("unicode: the ASCII table equals the table of all characters") {
  for (char32_t c = 0; c < 128; ++c) {
    CAPTURE(static_cast<int>(c));
    CHECK(ascii_classes[c] == all_classes()[c]);
  }
}

TEST_CASE("unicode: U+0000, private, unassigned and the last code points have no class") {
  for (const char32_t c : {U'\0', U'\ue000', U'\u0378', U'\uffff', U'\U0010ffff'}) CHECK(classes_of(c) == 0);
}

TEST_CASE("unicode: white space is exactly \\s") {
  for (const char32_t c : {U'\u180e', U'\u200b', U'\ufeff'}) CHECK((classes_of(c) & character::space) == 0);
  for (const char32_t c : {U'\u0085', U'\u00a0', U'\u2028', U'\u3000'})
    CHECK(classes_of(c) == character::space);
}

TEST_CASE(
    "unicode: numbers are digits, letter numbers and other numbers; other numbers are no word characters") {
  for (const char32_t c : {U'7', U'४', U'Ⅷ', U'²', U'½'}) CHECK((classes_of(c) & character::number) != 0);
  CHECK(is_word(U'४'));
  CHECK(is_word(U'Ⅷ'));
  CHECK_FALSE(is_word(U'²'));
  CHECK_FALSE(is_word(U'½'));
}

TEST_CASE(
    "unicode: word characters include marks, connecting punctuation, join controls and alphabetic symbols") {
  for (const char32_t c : {U'_', U'‿', U'\u0301', U'\u200c', U'\u200d', U'Ⓐ', U'🅰'}) CHECK(is_word(c));
  for (const char32_t c : {U'-', U'\'', U'$', U'☃', U'\u200b'}) CHECK_FALSE(is_word(c));
}

TEST_CASE("unicode: a character has its UTF-8 bytes, and an invalid byte is a character without classes") {
  const std::string text = "aé中😀\xe4\xb8";
  CHECK(character_at(text, 0).bytes == 1);
  CHECK(character_at(text, 1).bytes == 2);
  CHECK(character_at(text, 3).bytes == 3);
  CHECK(character_at(text, 6).bytes == 4);
  CHECK(character_at(text, 10).bytes == 1);
  CHECK(character_at(text, 10).classes == 0);
  CHECK(character_at(text, text.size()).bytes == 0);
}

TEST_CASE("unicode: the last character does not depend on the bytes before it") {
  for (const char* const before : {"", "x", "é", "\x80", "\xf0\x9f\x98"}) {
    for (const char* const character : {"a", "é", "中", "😀"}) {
      const std::string last = character;
      CHECK(last_character(before + last).bytes == last.size());
      CHECK(last_character(before + last).classes == character_at(last, 0).classes);
    }
    CHECK(last_character(before + std::string("\xe4\xb8")).bytes == 1);
  }
  CHECK(last_character("").bytes == 0);
}
