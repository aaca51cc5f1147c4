// SPDX-License-Identifier: MIT
#include "detail/core/utf8.hpp"
#include "detail/text/notation.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace moe::detail;

TEST_CASE("notation: the byte alphabet has a different character for each byte") {
  for (int byte = 0; byte < 256; ++byte) {
    std::string text, bytes;
    append_utf8(text, byte_alphabet.character[static_cast<std::size_t>(byte)]);
    REQUIRE(append_bytes(bytes, text));
    CHECK(bytes == std::string(1, static_cast<char>(byte)));
  }
}

TEST_CASE("notation: the byte alphabet is the alphabet of GPT-2") {
  CHECK(byte_alphabet.character[' '] == 0x120);
  CHECK(byte_alphabet.character['\n'] == 0x10a);
  CHECK(byte_alphabet.character['\t'] == 0x109);
  CHECK(byte_alphabet.character[0x7f] == 0x121);
  CHECK(byte_alphabet.character[0xa0] == 0x142);
  CHECK(byte_alphabet.character[0xad] == 0x143);
  CHECK(byte_alphabet.character['~'] == '~');
  CHECK(byte_alphabet.character[0xff] == 0xff);
}

TEST_CASE("notation: a text with a character outside the byte alphabet appends nothing") {
  for (const char* const text : {"a b", "ab\n", "ab\u00ad", "ab\u0144", "中", "ab\xff"}) {
    std::string bytes = "before";
    CHECK_FALSE(append_bytes(bytes, text));
    CHECK(bytes == "before");
  }
}

TEST_CASE("notation: the names <0x00> to <0xFF> stand for bytes, with capital digits") {
  CHECK(byte_of_token("<0x00>") == 0);
  CHECK(byte_of_token("<0x0A>") == 10);
  CHECK(byte_of_token("<0xFF>") == 255);
}

TEST_CASE("notation: other names of tokens stand for no byte") {
  for (const char* text : {"", "<0x0a>", "<0xG0>", "<0x0A", "<0x0A>>", "<0X0A>", "<0x 0>", "a<0x0A>"})
    CHECK(byte_of_token(text) == no_byte);
}

TEST_CASE("notation: every metaspace becomes a space") {
  std::string out = "x";
  append_spaced(out, "▁a▁▁b c");
  CHECK(out == "x a  b c");
}
