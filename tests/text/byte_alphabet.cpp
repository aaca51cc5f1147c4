#include "detail/core/utf8.hpp"
#include "detail/text/byte_alphabet.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace moe::detail;

TEST_CASE("byte alphabet: every byte has a character of its own, and comes back from it") {
  for (int byte = 0; byte < 256; ++byte) {
    std::string text, bytes;
    append_utf8(text, byte_alphabet.character[static_cast<std::size_t>(byte)]);
    REQUIRE(append_bytes(bytes, text));
    CHECK(bytes == std::string(1, static_cast<char>(byte)));
  }
}

TEST_CASE("byte alphabet: it is the one of GPT-2") {
  CHECK(byte_alphabet.character[' '] == 0x120);
  CHECK(byte_alphabet.character['\n'] == 0x10a);
  CHECK(byte_alphabet.character['\t'] == 0x109);
  CHECK(byte_alphabet.character[0x7f] == 0x121);
  CHECK(byte_alphabet.character[0xa0] == 0x142);
  CHECK(byte_alphabet.character[0xad] == 0x143);
  CHECK(byte_alphabet.character['~'] == '~');
  CHECK(byte_alphabet.character[0xff] == 0xff);
}

TEST_CASE("byte alphabet: a text with another character writes nothing at all") {
  for (const char* const text : {"a b", "ab\n", "ab\u00ad", "ab\u0144", "中", "ab\xff"}) {
    std::string bytes = "before";
    CHECK_FALSE(append_bytes(bytes, text));
    CHECK(bytes == "before");
  }
}
