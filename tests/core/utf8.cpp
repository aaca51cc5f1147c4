// SPDX-License-Identifier: MIT
#include "detail/core/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

using moe::detail::utf8_step;

TEST_CASE("utf8: every code point is encoded and decoded to itself") {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    std::string text;
    moe::detail::append_utf8(text, c);
    const auto step = utf8_step(text);
    REQUIRE(step.valid);
    REQUIRE(step.code_point == c);
    REQUIRE(step.bytes == text.size());
  }
}

TEST_CASE("utf8: invalid bytes end where no valid sequence can continue") {
  const auto length = [](std::string_view text) {
    const auto step = utf8_step(text);
    CHECK_FALSE(step.valid);
    return step.bytes;
  };
  CHECK(length("\x80") == 1);              // a continuation byte alone
  CHECK(length("\xc0\xaf") == 1);          // overlong
  CHECK(length("\xe0\x80\xaf") == 1);      // overlong
  CHECK(length("\xed\xa0\x80") == 1);      // a surrogate
  CHECK(length("\xf4\x90\x80\x80") == 1);  // beyond U+10FFFF
  CHECK(length("\xe4\xb8x") == 2);
  CHECK(length("\xf0\x9f\x98x") == 3);
  CHECK(length("\xff") == 1);
}

TEST_CASE("utf8: only a sequence that more bytes could complete is truncated") {
  CHECK(utf8_step("\xf0\x9f\x98").truncated);
  CHECK(utf8_step("\xc3").truncated);
  CHECK_FALSE(utf8_step("\xf0\x9fx").truncated);
  CHECK_FALSE(utf8_step("\xed\xa0").truncated);
}

TEST_CASE("utf8: the valid prefix ends at the first invalid byte") {
  CHECK(moe::detail::utf8_valid_prefix("") == 0);
  CHECK(moe::detail::utf8_valid_prefix("plain ASCII, \xe4\xb8\xad") == 16);
  CHECK(moe::detail::utf8_valid_prefix("0123456789\xffx") == 10);
}
