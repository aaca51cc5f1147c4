#include "detail/core/token.hpp"
#include "detail/text/vocabulary.hpp"

#include <doctest/doctest.h>

#include <string>

using moe::TokenId;
using moe::detail::Vocabulary;

TEST_CASE("vocabulary: a token is found by its bytes and by its text in the file") {
  Vocabulary vocabulary;
  REQUIRE(vocabulary.add(7, "Ġthe"));
  CHECK(vocabulary.find(" the") == 7);
  CHECK(vocabulary.find_text("Ġthe") == 7);
  CHECK(vocabulary.bytes(7) == " the");
  CHECK_FALSE(vocabulary.find("the"));
}

TEST_CASE("vocabulary: a text outside the byte alphabet stands for itself and is not mixed up with bytes") {
  Vocabulary vocabulary;
  REQUIRE(vocabulary.add(0, "中"));
  REQUIRE(vocabulary.add(1, "ä¸Ń"));  // the bytes of 中
  CHECK(vocabulary.find_text("中") == 0);
  CHECK(vocabulary.bytes(0) == "中");
  CHECK(vocabulary.find("中") == 1);
  CHECK(vocabulary.bytes(1) == "中");
}

TEST_CASE("vocabulary: an id or a text is taken once, and a refused token leaves nothing behind") {
  Vocabulary vocabulary;
  REQUIRE(vocabulary.add(3, "ab"));
  CHECK_FALSE(vocabulary.add(3, "cd"));
  CHECK_FALSE(vocabulary.add(4, "ab"));
  CHECK_FALSE(vocabulary.add_apart(3, "ef"));
  CHECK_FALSE(vocabulary.find("cd"));
  CHECK_FALSE(vocabulary.contains(4));
  CHECK(vocabulary.bytes(3) == "ab");
  CHECK(vocabulary.size() == 4);
}

TEST_CASE("vocabulary: a token added apart is decoded but not found") {
  Vocabulary vocabulary;
  REQUIRE(vocabulary.add_apart(2, "<s>"));
  CHECK(vocabulary.bytes(2) == "<s>");
  CHECK_FALSE(vocabulary.find("<s>"));
  CHECK_FALSE(vocabulary.find_text("<s>"));
}

TEST_CASE("vocabulary: ids without a token have no bytes") {
  Vocabulary vocabulary;
  REQUIRE(vocabulary.add(5, "a"));
  CHECK(vocabulary.bytes(0).empty());
  CHECK(vocabulary.bytes(6).empty());
  CHECK(vocabulary.bytes(4'000'000'000).empty());
}

TEST_CASE("vocabulary: it grows beyond what was announced") {
  Vocabulary vocabulary(2);
  for (TokenId id = 0; id < 1000; ++id) REQUIRE(vocabulary.add(id, std::to_string(id)));
  for (TokenId id = 0; id < 1000; ++id) REQUIRE(vocabulary.find(std::to_string(id)) == id);
}

TEST_CASE("vocabulary: the largest id grows with the vocabulary and never overflows") {
  CHECK(Vocabulary::largest_id(0) < 2'000'000);
  CHECK(Vocabulary::largest_id(200'000) > 200'000);
  CHECK(Vocabulary::largest_id(SIZE_MAX) < UINT32_MAX);
}
