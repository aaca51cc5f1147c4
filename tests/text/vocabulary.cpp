// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/text/vocabulary.hpp"

#include "support/tiny_tokenizer.hpp"
#include "support/unmix.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <cstring>
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

TEST_CASE(
    "vocabulary: a text outside the byte alphabet stands for itself and differs from a token with the same "
    "bytes") {
  Vocabulary vocabulary;
  REQUIRE(vocabulary.add(0, "中"));
  REQUIRE(vocabulary.add(1, "ä¸Ń"));  // the bytes of 中
  CHECK(vocabulary.find_text("中") == 0);
  CHECK(vocabulary.bytes(0) == "中");
  CHECK(vocabulary.find("中") == 1);
  CHECK(vocabulary.bytes(1) == "中");
}

TEST_CASE("vocabulary: a second token of an id or a text is refused and changes nothing") {
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

TEST_CASE("vocabulary: more tokens than expected can be added") {
  Vocabulary vocabulary(2);
  for (TokenId id = 0; id < 1000; ++id) REQUIRE(vocabulary.add(id, std::to_string(id)));
  for (TokenId id = 0; id < 1000; ++id) REQUIRE(vocabulary.find(std::to_string(id)) == id);
}

TEST_CASE("vocabulary: the limit of ids grows with the vocabulary and never overflows") {
  CHECK(Vocabulary::largest_id(0) < 2'000'000);
  CHECK(Vocabulary::largest_id(200'000) > 200'000);
  CHECK(Vocabulary::largest_id(SIZE_MAX) < UINT32_MAX);
}

TEST_CASE("vocabulary: the token of a byte is added once, writes the byte, and is not found by the byte") {
  Vocabulary vocabulary(2, moe::detail::Notation::sentence_piece);
  moe::detail::ByteTokens tokens = {};
  CHECK(moe::detail::add_byte_token(vocabulary, tokens, 5, 0xc3));
  CHECK_FALSE(moe::detail::add_byte_token(vocabulary, tokens, 6, 0xc3));
  CHECK_FALSE(moe::detail::add_byte_token(vocabulary, tokens, 5, 0xc4));
  CHECK(tokens[0xc3] == 5);
  CHECK_FALSE(tokens[0xc4]);
  CHECK(vocabulary.bytes(5) == "\xc3");
  CHECK_FALSE(vocabulary.find("\xc3"));
}

TEST_CASE(
    "vocabulary: tokens chosen to collide without the secret key of the hash are added in linear time") {
  // Texts of 8 bytes whose keyless hashes end in 20 zero bits. With such a hash this would be 8e10 comparisons.
  const Watchdog watchdog(std::chrono::seconds(60));
  constexpr TokenId count = 400'000;
  Vocabulary vocabulary(count);
  for (TokenId id = 0; id < count; ++id) {
    std::uint64_t word = unmix(std::uint64_t{id} << 20) ^ 8 * 0x9e3779b97f4a7c15u;
    std::string text(8, '\0');
    std::memcpy(text.data(), &word, 8);
    REQUIRE((moe::detail::hash_bytes(text) & 0xfffff) == 0);
    vocabulary.add(id, in_byte_alphabet(text));
  }
  CHECK(vocabulary.size() == count);
}
