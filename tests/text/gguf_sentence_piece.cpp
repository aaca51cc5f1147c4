// SPDX-License-Identifier: MIT
#include "detail/core/utf8.hpp"
#include "detail/text/streaming_decoder.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_vocabulary.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

namespace {

struct Scored {
  std::string token;
  float score;
  std::int32_t type = 1;
};

GgufBuilder sentence_piece(const std::vector<Scored>& vocabulary) {
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  for (const Scored& one : vocabulary) {
    tokens.push_back(one.token);
    scores.push_back(one.score);
    types.push_back(one.type);
  }
  GgufBuilder file;
  file.value("tokenizer.ggml.model", "llama").array("tokenizer.ggml.tokens", tokens);
  file.array("tokenizer.ggml.scores", 6, scores).array("tokenizer.ggml.token_type", 5, types);
  return file;
}

/// The control tokens of Llama 2, some bytes, then tokens of texts.
const std::vector<Scored> llama{{"<unk>", 0, 2},  {"<s>", 0, 3},    {"</s>", 0, 3},  {"<0x0A>", 0, 6},
                                {"<0xC3>", 0, 6}, {"<0xA9>", 0, 6}, {"▁", -10},      {"h", -11},
                                {"e", -12},       {"l", -13},       {"o", -14},      {"▁h", -5},
                                {"el", -4},       {"lo", -3},       {"▁hel", -2},    {"▁▁", -6},
                                {"▁hello", -1},   {"<tool>", 0, 4}, {"<0xFF>", 0, 6}};

}  // namespace

TEST_CASE("gguf tokenizer: SentencePiece merges by the best score and spells other characters in bytes") {
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(llama));
  CHECK(tokenizer.encode("hello") == Ids{1, 16});
  CHECK(tokenizer.encode("hello hello") == Ids{1, 16, 16});
  CHECK(tokenizer.encode("h  h") == Ids{1, 11, 6, 11});
  CHECK(tokenizer.encode("h\nél") == Ids{1, 11, 3, 4, 5, 9});
  CHECK(tokenizer.encode("ell") == Ids{1, 6, 12, 9});
  CHECK(tokenizer.encode("\xff") == Ids{1, 6, 18});
  CHECK(tokenizer.encode("hxyo") == Ids{1, 11, 0, 10});  // one unknown token for both
  CHECK(tokenizer.encode("h▁h") == tokenizer.encode("h h"));
  CHECK(tokenizer.encode("") == Ids{1});
}

TEST_CASE("gguf tokenizer: a normal </s> is a control token, except beside <|tool_response>") {
  std::vector<Scored> vocabulary = llama;
  vocabulary[2].type = 1;
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(vocabulary));
  CHECK(tokenizer.encode("hello</s>") == Ids{1, 16, 2});
  CHECK(tokenizer.is_special(2));
  REQUIRE(tokenizer.warnings().size() == 1);
  CHECK(tokenizer.warnings()[0].find("token 2 </s>") != std::string::npos);
  vocabulary.push_back({"<|tool_response>", 0, 3});
  CHECK_FALSE(open_tokenizer(sentence_piece(vocabulary)).is_special(2));
}

TEST_CASE("gguf tokenizer: SentencePiece puts a space before each text between special tokens") {
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(llama));
  CHECK(tokenizer.encode("hello<s>hello<tool></s>") == Ids{1, 16, 1, 16, 17, 2});
  GgufBuilder without = sentence_piece(llama);
  without.value("tokenizer.ggml.add_space_prefix", false).value("tokenizer.ggml.add_bos_token", false);
  CHECK(open_tokenizer(without).encode("hello hello") == Ids{7, 12, 13, 16});
}

TEST_CASE("gguf tokenizer: SentencePiece decodes spaces and bytes, and removes the added space") {
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(llama));
  CHECK(tokenizer.decode(Ids{1, 16, 16, 3, 4, 5}, true) == "hello hello\né");
  CHECK(tokenizer.decode(Ids{1, 16}) == "<s> hello");
  CHECK(tokenizer.decode(Ids{4, 7}) == "\ufffdh");
  CHECK(tokenizer.is_special(0));
  CHECK_FALSE(tokenizer.is_special(17));
  CHECK(tokenizer.id_of(" hello") == 16);
  CHECK(tokenizer.id_of("</s>") == 2);
  GgufBuilder without = sentence_piece(llama);
  without.value("tokenizer.ggml.add_space_prefix", false);
  CHECK(open_tokenizer(without).decode(Ids{16, 16}) == " hello hello");
}

TEST_CASE("gguf tokenizer: SentencePiece decodes the same text token by token, and may continue a text") {
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(llama));
  for (const Ids& ids :
       {Ids{1, 16, 16, 3}, Ids{16}, Ids{4, 5, 6, 6}, Ids{1, 6, 15, 7}, Ids{6}, Ids{4, 5, 18, 3, 6, 4}}) {
    for (const bool skip : {false, true}) {
      moe::StreamingDecoder decoder(tokenizer, skip);
      for (int again = 0; again < 2; ++again) {
        std::string text;
        for (const TokenId id : ids) text += decoder.push(id);
        CHECK(text + decoder.finish() == tokenizer.decode(ids, skip));
      }
    }
  }
  moe::StreamingDecoder behind(tokenizer, true, true);
  CHECK(behind.push(16) == " hello");
}

TEST_CASE("gguf tokenizer: an invalid run of SentencePiece's byte tokens becomes one U+FFFD per byte") {
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(llama));
  CHECK(tokenizer.decode(Ids{7, 4, 5, 18, 3, 7}) == "h\ufffd\ufffd\ufffd\ufffdh");
  CHECK(tokenizer.decode(Ids{4, 5, 7, 18}) == "éh\ufffd");
}

TEST_CASE("gguf tokenizer: a special token that is left out does not end a run of byte tokens") {
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(llama));
  CHECK(tokenizer.decode(Ids{4, 2, 5}, true) == "é");
  CHECK(tokenizer.decode(Ids{4, 2, 5}) == "\ufffd</s>\ufffd");
  CHECK(tokenizer.decode(Ids{4, 1000, 5}) == "é");  // an id without a token
}

TEST_CASE("gguf tokenizer: a byte token does not complete a character of a longer SentencePiece token") {
  std::vector<Scored> vocabulary = llama;
  vocabulary.push_back({"a\xc3", -20});
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(vocabulary));
  CHECK(tokenizer.decode(Ids{static_cast<TokenId>(llama.size()), 5}) == "a\ufffd\ufffd");
}

TEST_CASE("gguf tokenizer: SentencePiece has the special ids of Llama 2 if the file names none") {
  GgufBuilder named = sentence_piece(llama);
  named.value("tokenizer.ggml.bos_token_id", 2u).value("tokenizer.ggml.unknown_token_id", 17u);
  CHECK(open_tokenizer(named).encode("x") == Ids{2, 6, 17});
  GgufBuilder ended = sentence_piece(llama);
  CHECK(open_tokenizer(ended.value("tokenizer.ggml.add_eos_token", true)).encode("hello") == Ids{1, 16, 2});
}

TEST_CASE("gguf tokenizer: an error names the wrong part of a SentencePiece vocabulary") {
  const auto with = [](std::size_t at, const Scored& one) {
    std::vector<Scored> changed = llama;
    changed.at(at) = one;
    return sentence_piece(changed);
  };
  check_tokenizer_refused(with(7, {"e", -1}), {"tokens", "\"e\" twice, at index 8"});
  check_tokenizer_refused(with(7, {"<0x0A>", 0, 6}), {"tokens", "\"<0x0A>\" twice"});
  check_tokenizer_refused(with(2, {"<s>", 0, 3}), {"\"<s>\"", "two"});
  check_tokenizer_refused(with(7, {"h", std::numeric_limits<float>::quiet_NaN()}),
                          {"scores", "numbers", "index 7"});
  GgufBuilder few;
  few.value("tokenizer.ggml.model", "llama").array("tokenizer.ggml.tokens", {"a", "b"});
  check_tokenizer_refused(few.array("tokenizer.ggml.scores", 6, std::vector<float>{1}),
                          {"scores", "2 elements", "1"});
}

TEST_CASE("gguf tokenizer: SentencePiece's scores may be integers, infinite or missing") {
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types, whole;
  std::vector<float> infinite;
  for (const Scored& one : llama) {
    tokens.push_back(one.token);
    types.push_back(one.type);
    whole.push_back(static_cast<std::int32_t>(one.score));
    infinite.push_back(one.token == "el" ? -std::numeric_limits<float>::infinity() : one.score);
  }
  whole.push_back(1);  // of no token
  GgufBuilder none;
  none.value("tokenizer.ggml.model", "llama").array("tokenizer.ggml.tokens", tokens);
  none.array("tokenizer.ggml.token_type", 5, types);
  GgufBuilder integers = none, infinity = none;
  CHECK(open_tokenizer(integers.array("tokenizer.ggml.scores", 5, whole)).encode("hello ell") ==
        Ids{1, 16, 6, 12, 9});
  CHECK(open_tokenizer(infinity.array("tokenizer.ggml.scores", 6, infinite)).encode("ell") ==
        Ids{1, 6, 12, 9});
  CHECK(open_tokenizer(none).encode("ell") == Ids{1, 6, 12, 9});  // equal scores
}

TEST_CASE("gguf tokenizer: special ids beyond the tokens become the ids of Llama 2, with a warning") {
  GgufBuilder file = sentence_piece(llama);
  file.value("tokenizer.ggml.bos_token_id", 999999u).value("tokenizer.ggml.unknown_token_id", 19u);
  const moe::Tokenizer tokenizer = open_tokenizer(file);
  CHECK(tokenizer.encode("hxo") == Ids{1, 11, 0, 10});
  CHECK(tokenizer.warnings().size() == 2);
}

namespace {

/// The definition, pair by pair. Token 0 is the unknown token.
Ids naive_sentence_piece(const std::vector<Scored>& vocabulary, const std::string& text) {
  std::map<std::string, TokenId> ids;
  for (TokenId id = 0; id < vocabulary.size(); ++id) ids[vocabulary[id].token] = id;
  std::vector<std::string> symbols;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = moe::detail::utf8_step(rest).bytes;
    symbols.emplace_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  for (;;) {
    std::optional<std::size_t> best;
    float score = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = ids.find(symbols[i] + symbols[i + 1]);
      if (found == ids.end() || (best && vocabulary[found->second].score <= score)) continue;
      best = i;
      score = vocabulary[found->second].score;
    }
    if (!best) break;
    symbols[*best] += symbols[*best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(*best) + 1);
  }
  Ids out;
  bool after_unknown = false;
  for (const std::string& symbol : symbols) {
    const auto found = ids.find(symbol);
    const bool unknown = found == ids.end();
    if (!unknown || !after_unknown) out.push_back(unknown ? 0 : found->second);
    after_unknown = unknown;
  }
  return out;
}

}  // namespace

TEST_CASE("gguf tokenizer: SentencePiece's tokens are as by definition, on random vocabularies") {
  std::mt19937 random(7);
  const std::string letters[] = {"a", "b", "é", "▁"};
  const auto word = [&](std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += letters[random() % 4];
    return out;
  };
  for (int round = 0; round < 60; ++round) {
    std::vector<Scored> vocabulary{{"<unk>", 0, 2}};
    std::map<std::string, bool> taken;
    const auto add = [&](const std::string& token) {
      if (!taken[token]) vocabulary.push_back({token, -static_cast<float>(random() % 8)});
      taken[token] = true;
    };
    add("a"), add("b"), add("▁");  // é is only a part of tokens
    for (int i = 0; i < 25; ++i) add(word(2 + random() % 4));
    GgufBuilder file = sentence_piece(vocabulary);
    file.value("tokenizer.ggml.add_space_prefix", false).value("tokenizer.ggml.add_bos_token", false);
    const moe::Tokenizer tokenizer = open_tokenizer(file);
    for (int i = 0; i < 20; ++i) {
      const std::string text = word(random() % 30);
      CHECK(tokenizer.encode(text) == naive_sentence_piece(vocabulary, text));
    }
  }
}

TEST_CASE("gguf tokenizer: SentencePiece encodes a text of a million bytes in O(n log n)") {
  const moe::Tokenizer tokenizer = open_tokenizer(sentence_piece(llama));
  std::string text;
  while (text.size() < 1'000'000) text += "hello";
  CHECK(tokenizer.decode(tokenizer.encode(text), true) == text);
}
