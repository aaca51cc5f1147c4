// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/core/concat.hpp"
#include "detail/text/added_tokens.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <random>
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

TEST_CASE("added tokens: texts and tokens come in the order of the text, and no text is empty") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>"}};
  CHECK(split(tokens, "a<x>b <x><x>") == "(a)[1](b )[1][1]");
  CHECK(split(tokens, "<x>") == "[1]");
  CHECK(split(tokens, "") == "");
  CHECK(split({}, "text") == "(text)");
}

TEST_CASE("added tokens: an incomplete token is text") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<|end|>"}};
  CHECK(split(tokens, "<|end") == "(<|end)");
  CHECK(split(tokens, "<|en<|end|>d|>") == "(<|en)[1](d|>)");
}

TEST_CASE("added tokens: the leftmost match counts; at one position, the longest") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<ab"},
                                          {.id = 2, .content = "b>"},
                                          {.id = 3, .content = "<abc"},
                                          {.id = 4, .content = "<"}};
  CHECK(split(tokens, "<ab>") == "[1](>)");
  CHECK(split(tokens, "<abc>") == "[3](>)");
  CHECK(split(tokens, "<abb>") == "[1][2]");
  CHECK(split(tokens, "<a<") == "[4](a)[4]");
}

TEST_CASE("added tokens: of two tokens with one content, the token of the lower id counts") {
  CHECK(split({{.id = 2, .content = "x"}, {.id = 1, .content = "x"}}, "x") == "[1]");
}

TEST_CASE("added tokens: a single_word token does not match beside a word character") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "ab", .single_word = true}};
  CHECK(split(tokens, "ab (ab) ab") == "[1]( ()[1]() )[1]");
  for (const char* const text : {"xab", "abx", "_ab", "ab1", "ab\u0301", "Ⓐab", "ab\u200d"})
    CHECK(split(tokens, text) == moe::detail::concat('(', text, ')'));
  for (const char* const after : {"²", "’", "\xff"})
    CHECK(split(tokens, moe::detail::concat("ab", after)).starts_with("[1]"));
}

TEST_CASE("added tokens: the search continues after the end of a match that single_word rejects") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "abab", .single_word = true},
                                          {.id = 2, .content = "bab"}};
  CHECK(split(tokens, "xababbab") == "(xabab)[2]");
}

TEST_CASE("added tokens: lstrip includes all white space before the match, up to the previous match") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>", .lstrip = true},
                                          {.id = 2, .content = "\n"}};
  CHECK(split(tokens, "a \u3000\t<x> b") == "(a)[1]( b)");
  CHECK(split(tokens, "a\u200b<x>") == "(a\u200b)[1]");
  CHECK(split(tokens, "a\n <x>") == "(a)[2][1]");
  CHECK(split(tokens, "  <x>") == "[1]");
}

TEST_CASE("added tokens: rstrip includes all white space after the match") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>", .rstrip = true},
                                          {.id = 2, .content = "<y>", .lstrip = true}};
  CHECK(split(tokens, "a <x> \u0085\n b") == "(a )[1](b)");
  CHECK(split(tokens, "<x>  <y>") == "[1][2]");
  CHECK(split(tokens, "<x>  ") == "[1]");
}

// Source: find_matches of AddedVocabulary in Hugging Face's tokenizers.
TEST_CASE(
    "added tokens: a match inside the white space that rstrip took gives back the white space after the "
    "match") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>", .rstrip = true},
                                          {.id = 2, .content = "\n"}};
  CHECK(split(tokens, "<x>\n  a") == "[1][2](  a)");
  CHECK(split(tokens, "<x>\n\n a") == "[1][2][2]( a)");
}

TEST_CASE("added tokens: a match within the previous match is left out") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "<x>", .rstrip = true},
                                          {.id = 2, .content = "\n", .lstrip = true}};
  CHECK(split(tokens, "<x>\na") == "[1](a)");
}

TEST_CASE("added tokens: contents may be characters of several bytes, or invalid bytes") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "中"},
                                          {.id = 2, .content = "中文"},
                                          {.id = 3, .content = "é"},
                                          {.id = 4, .content = "\xff"}};
  CHECK(split(tokens, "é中\xff中文中") == "[3][1][4][2][1]");
}

TEST_CASE("added tokens: a long run of tokens that strip white space is split in linear time") {
  const std::vector<AddedToken> tokens = {{.id = 1, .content = "\n", .lstrip = true, .rstrip = true}};
  std::size_t matches = 0;
  AddedTokenMatcher(tokens).split(
      std::string(500'000, '\n'), [](std::string_view) {}, [&](moe::TokenId) { ++matches; });
  CHECK(matches == 1);
}

TEST_CASE("added tokens: a long token of equal letters is searched for in linear time") {
  // Comparing the token at every position would be 1e11 comparisons.
  const Watchdog watchdog(std::chrono::seconds(60));
  const std::vector<AddedToken> tokens = {{.id = 1, .content = std::string(50'000, 'a') + 'b'},
                                          {.id = 2, .content = 'b' + std::string(50'000, 'a')},
                                          {.id = 3, .content = "aa"}};
  std::size_t matches = 0, bytes = 0;
  AddedTokenMatcher(tokens).split(
      std::string(2'000'001, 'a'), [&](std::string_view part) { bytes += part.size(); },
      [&](moe::TokenId id) { matches += id == 3; });
  CHECK(matches == 1'000'000);
  CHECK(bytes == 1);
}

TEST_CASE("added tokens: a thousand runs of equal letters are searched for in linear time") {
  const Watchdog watchdog(std::chrono::seconds(60));
  std::vector<AddedToken> tokens;
  for (moe::TokenId id = 0; id < 1000; ++id)
    tokens.push_back({.id = id, .content = std::string(id + 1, 'a'), .single_word = true});
  std::size_t matches = 0;
  AddedTokenMatcher(tokens).split(
      std::string(1'000'000, 'a'), [](std::string_view) {}, [&](moe::TokenId) { ++matches; });
  CHECK(matches == 0);
}

TEST_CASE("added tokens: matches at the border of two windows of the search are found") {
  for (const std::size_t before : {65'530u, 65'534u, 65'535u, 65'536u, 131'070u}) {
    const std::string text = std::string(before, 'x') + "<long>" + std::string(70'000, 'y');
    CHECK(split({{.id = 1, .content = "<long>"}}, text) ==
          moe::detail::concat('(', std::string(before, 'x'), ")[1](", std::string(70'000, 'y'), ')'));
  }
}

TEST_CASE("added tokens: matches are as by definition, on random tokens") {
  std::mt19937 random(5);
  const auto word = [&](std::size_t most) {
    std::string out(1 + random() % most, ' ');
    for (char& c : out) c = "ab\xff"[random() % 3];
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<AddedToken> tokens;
    for (moe::TokenId id = 0; id < 6; ++id) tokens.push_back({.id = id, .content = word(5)});
    for (int i = 0; i < 20; ++i) {
      const std::string text = word(40);
      std::string expected, part;
      for (std::size_t at = 0; at < text.size();) {
        const AddedToken* best = nullptr;
        for (const AddedToken& token : tokens)
          if (std::string_view(text).substr(at).starts_with(token.content) &&
              (!best || token.content.size() > best->content.size()))
            best = &token;
        if (!best) part += text[at++];
        if (!part.empty() && (best || at == text.size())) {
          expected += moe::detail::concat('(', part, ')');
          part.clear();
        }
        if (!best) continue;
        expected += moe::detail::concat('[', best->id, ']');
        at += best->content.size();
      }
      REQUIRE(split(tokens, text) == expected);
    }
  }
}
