#include "detail/core/token.hpp"
#include "detail/core/concat.hpp"
#include "detail/text/added_tokens.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using moe::detail::AddedToken;
using moe::detail::AddedTokenMatcher;

namespace {

/// The parts of a text, with the ids of tokens in brackets: "a[1]b".
std::string split(std::vector<AddedToken> tokens, std::string_view text) {
  std::string out;
  AddedTokenMatcher(std::move(tokens))
      .split(
          text, [&](std::string_view part) { out += moe::detail::concat('(', part, ')'); },
          [&](moe::TokenId id) { out += moe::detail::concat('[', id, ']'); });
  return out;
}

}  // namespace

TEST_CASE("added tokens: text and tokens come in the order of the text, nothing empty between them") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>"}};
  CHECK(split(tokens, "a<x>b <x><x>") == "(a)[1](b )[1][1]");
  CHECK(split(tokens, "<x>") == "[1]");
  CHECK(split(tokens, "") == "");
  CHECK(split({}, "text") == "(text)");
}

TEST_CASE("added tokens: a part of a token is text") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<|end|>"}};
  CHECK(split(tokens, "<|end") == "(<|end)");
  CHECK(split(tokens, "<|en<|end|>d|>") == "(<|en)[1](d|>)");
}

TEST_CASE("added tokens: the leftmost match counts, then the longest") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<ab"},
                                          {.id = 2, .content = "b>"},
                                          {.id = 3, .content = "<abc"},
                                          {.id = 4, .content = "<"}};
  CHECK(split(tokens, "<ab>") == "[1](>)");
  CHECK(split(tokens, "<abc>") == "[3](>)");
  CHECK(split(tokens, "<abb>") == "[1][2]");
  CHECK(split(tokens, "<a<") == "[4](a)[4]");
}

TEST_CASE("added tokens: of two with the same content the one of the lower id counts") {
  CHECK(split({{.id = 2, .content = "x"}, {.id = 1, .content = "x"}}, "x") == "[1]");
}

TEST_CASE("added tokens: single_word leaves a match alone that touches a word") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "ab", .single_word = true}};
  CHECK(split(tokens, "ab (ab) ab") == "[1]( ()[1]() )[1]");
  for (const char* const text : {"xab", "abx", "_ab", "ab1", "ab\u0301", "Ⓐab", "ab\u200d"})
    CHECK(split(tokens, text) == moe::detail::concat('(', text, ')'));
  for (const char* const after : {"²", "’", "\xff"})
    CHECK(split(tokens, moe::detail::concat("ab", after)).starts_with("[1]"));
}

TEST_CASE("added tokens: a match that single_word discards is passed over as a whole") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "abab", .single_word = true},
                                          {.id = 2, .content = "bab"}};
  CHECK(split(tokens, "xababbab") == "(xabab)[2]");
}

TEST_CASE("added tokens: lstrip takes the white space before, of every kind, but not the match before") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>", .lstrip = true},
                                          {.id = 2, .content = "\n"}};
  CHECK(split(tokens, "a \u3000\t<x> b") == "(a)[1]( b)");
  CHECK(split(tokens, "a\u200b<x>") == "(a\u200b)[1]");
  CHECK(split(tokens, "a\n <x>") == "(a)[2][1]");
  CHECK(split(tokens, "  <x>") == "[1]");
}

TEST_CASE("added tokens: rstrip takes the white space after") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>", .rstrip = true},
                                          {.id = 2, .content = "<y>", .lstrip = true}};
  CHECK(split(tokens, "a <x> \u0085\n b") == "(a )[1](b)");
  CHECK(split(tokens, "<x>  <y>") == "[1][2]");
  CHECK(split(tokens, "<x>  ") == "[1]");
}

TEST_CASE("added tokens: a match inside white space that was taken still counts, and ends what was taken") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>", .rstrip = true},
                                          {.id = 2, .content = "\n"}};
  CHECK(split(tokens, "<x>\n  a") == "[1][2](  a)");
  CHECK(split(tokens, "<x>\n\n a") == "[1][2][2]( a)");
}

TEST_CASE("added tokens: a match whose whole text was taken by the one before is left out") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>", .rstrip = true},
                                          {.id = 2, .content = "\n", .lstrip = true}};
  CHECK(split(tokens, "<x>\na") == "[1](a)");
}

TEST_CASE("added tokens: contents are bytes, also beyond ASCII") {
  const std::vector<AddedToken> tokens = {
      {.id = 1, .content = "中"}, {.id = 2, .content = "中文"}, {.id = 3, .content = "é"}};
  CHECK(split(tokens, "é中中文中") == "[3][1][2][1]");
}

TEST_CASE("added tokens: a long run of stripping tokens is not quadratic") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "\n", .lstrip = true, .rstrip = true}};
  std::size_t matches = 0;
  AddedTokenMatcher(tokens).split(
      std::string(500'000, '\n'), [](std::string_view) {}, [&](moe::TokenId) { ++matches; });
  CHECK(matches == 1);
}
