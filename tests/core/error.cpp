// SPDX-License-Identifier: MIT
#include "detail/core/concat.hpp"
#include "detail/core/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

TEST_CASE("error: the message has file, place, expected and found") {
  CHECK_THROWS_WITH_AS(moe::detail::fail("a.json", "$.x", "a number", "a string"),
                       "a.json: $.x: expected a number, found a string", moe::Error);
  CHECK_NOTHROW(moe::detail::expect(true, "a", "b", "c", "d"));
  CHECK_THROWS_AS(moe::detail::expect(false, "a", "b", "c", "d"), std::runtime_error);
}

TEST_CASE("error: control characters in quoted names are escaped, so a message is one line") {
  CHECK_THROWS_WITH_AS(moe::detail::fail("a", "b", "\xc2\x9b", "\xc2\xa0"),
                       "a: b: expected \\xc2\\x9b, found \xc2\xa0", moe::Error);
  CHECK_THROWS_WITH_AS(moe::detail::fail("a\n.json", std::string_view("x\0y", 3), "\x1b[31m", "\x7f"),
                       "a\\x0a.json: x\\x00y: expected \\x1b[31m, found \\x7f", moe::Error);
}

TEST_CASE("error: invalid UTF-8 is escaped byte by byte, and long texts are cut between characters") {
  CHECK_THROWS_WITH_AS(moe::detail::fail("é", "a\xff", "\xe2\x82", "\xc3\xa9"),
                       "é: a\\xff: expected \\xe2\\x82, found é", moe::Error);
  const std::string e = std::string(499, 'e');
  CHECK_THROWS_WITH_AS(moe::detail::fail("a", "b", e + "f", e + "éf"),
                       ("a: b: expected " + e + "f, found " + e + "... (502 bytes)").c_str(), moe::Error);
}

TEST_CASE("error: concat writes strings, characters and numbers one after the other") {
  CHECK(moe::detail::concat("a", 'b', 1, std::string("c"), 18446744073709551615u) ==
        "ab1c18446744073709551615");
  CHECK(moe::detail::concat_list(std::vector<int>{1, 2}) == "[1, 2]");
  CHECK(moe::detail::concat_list(std::vector<int>{}) == "[]");
}
