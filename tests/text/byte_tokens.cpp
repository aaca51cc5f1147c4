#include "detail/text/vocabulary.hpp"
#include "detail/text/byte_tokens.hpp"

#include <doctest/doctest.h>

using moe::detail::byte_of_token;

TEST_CASE("byte tokens: <0x00> to <0xFF> are bytes, in capitals") {
  CHECK(byte_of_token("<0x00>") == 0);
  CHECK(byte_of_token("<0x0A>") == 10);
  CHECK(byte_of_token("<0xFF>") == 255);
}

TEST_CASE("byte tokens: what is named otherwise is none") {
  for (const char* text : {"", "<0x0a>", "<0xG0>", "<0x0A", "<0x0A>>", "<0X0A>", "<0x 0>", "a<0x0A>"})
    CHECK(byte_of_token(text) == moe::detail::no_byte);
}

TEST_CASE("byte tokens: one is added once, writes its byte, and no text becomes it") {
  moe::detail::Vocabulary vocabulary(2, moe::detail::Notation::sentence_piece);
  moe::detail::ByteTokens tokens = {};
  CHECK(moe::detail::add_byte_token(vocabulary, tokens, 5, 0xc3));
  CHECK_FALSE(moe::detail::add_byte_token(vocabulary, tokens, 6, 0xc3));
  CHECK_FALSE(moe::detail::add_byte_token(vocabulary, tokens, 5, 0xc4));
  CHECK(tokens[0xc3] == 5);
  CHECK_FALSE(tokens[0xc4]);
  CHECK(vocabulary.bytes(5) == "\xc3");
  CHECK_FALSE(vocabulary.find("\xc3"));
}
