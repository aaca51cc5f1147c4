// SPDX-License-Identifier: MIT
#include "detail/text/streaming_decoder.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using moe::StreamingDecoder;
using moe::TokenId;

TEST_CASE("streaming decoder: an incomplete character is held back until it is complete") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{});
  StreamingDecoder decoder(tokenizer);
  CHECK(decoder.push('a') == "a");
  CHECK(decoder.push(0xe4) == "");
  CHECK(decoder.push(0xb8) == "");
  CHECK(decoder.push(0xad) == "中");
  CHECK(decoder.finish() == "");
}

TEST_CASE(
    "streaming decoder: an incomplete character at the end becomes one U+FFFD, and another text may begin") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{});
  StreamingDecoder decoder(tokenizer);
  CHECK(decoder.push(0xe4) == "");
  CHECK(decoder.push(0xb8) == "");
  CHECK(decoder.finish() == "\ufffd");
  CHECK(decoder.push('a') == "a");
  CHECK(decoder.finish() == "");
}

TEST_CASE("streaming decoder: a special token that is left out does not break a character") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{.added_tokens = added_token(256, "<s>", "special")});
  StreamingDecoder with(tokenizer), without(tokenizer, true);
  CHECK(with.push(0xc3) == "");
  CHECK(with.push(256) == "\ufffd<s>");
  CHECK(without.push(0xc3) == "");
  CHECK(without.push(256) == "");
  CHECK(without.push(0xa9) == "é");
}

TEST_CASE("streaming decoder: the texts together are the text of decode(), on random ids") {
  const moe::Tokenizer tokenizer =
      load(TinyTokenizer{.merges = {{"\xc3", "\xa9"}, {"\xe4", "\xb8"}, {"a", "\xf0"}, {"\x9f", "\x98"}},
                         .added_tokens = added_token(260, "<s>", "special") + ", " + added_token(261, "中")});
  std::mt19937 generator(1);
  for (int round = 0; round < 2000; ++round) {
    const bool skip_special = round % 2 == 0;
    std::vector<TokenId> ids(generator() % 12);
    for (TokenId& id : ids) id = generator() % 3 == 0 ? 0xc0 + generator() % 0x40 : 0x80 + generator() % 0xc0;
    StreamingDecoder decoder(tokenizer, skip_special);
    std::string text;
    for (const TokenId id : ids) text += decoder.push(id);
    text += decoder.finish();
    REQUIRE(text == tokenizer.decode(ids, skip_special));
  }
}
