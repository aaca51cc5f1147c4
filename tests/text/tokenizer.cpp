// SPDX-License-Identifier: MIT
#include "detail/text/tokenizer_parts.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/message_of.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

TEST_CASE("tokenizer: text becomes tokens and tokens become text") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{.merges = {{"t", "h"}, {"th", "e"}, {" ", "the"}}});
  CHECK(tokenizer.encode("the the") == Ids{257, 258});
  CHECK(tokenizer.decode(Ids{257, 258}) == "the the");
}

TEST_CASE("tokenizer: an empty text has no tokens, and no tokens make an empty text") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{});
  CHECK(tokenizer.encode("").empty());
  CHECK(tokenizer.decode({}).empty());
}

TEST_CASE("tokenizer: merges never cross the border between two pieces") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{.merges = {{"1", "2"}, {"a", " "}}});
  CHECK(tokenizer.encode("12a b") == Ids{'1', '2', 'a', ' ', 'b'});
}

TEST_CASE("tokenizer: a piece that occurs again becomes the same tokens") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{.merges = {{"a", "b"}}});
  const std::string unit = "ab cab\u00e9\n";
  const Ids once = tokenizer.encode(unit);
  std::string text;
  Ids expected;
  for (int i = 0; i < 1000; ++i) {
    text += unit;
    expected.insert(expected.end(), once.begin(), once.end());
  }
  CHECK(tokenizer.encode(text) == expected);
}

TEST_CASE("tokenizer: invalid bytes of UTF-8 are encoded byte by byte") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{});
  CHECK(tokenizer.encode("a\xff\xe4\xb8") == Ids{'a', 0xff, 0xe4, 0xb8});
  CHECK(tokenizer.bytes(0xff) == "\xff");
  CHECK(tokenizer.decode(Ids{'a', 0xff, 0xe4, 0xb8}) == "a\ufffd\ufffd");
}

TEST_CASE("tokenizer: a text is normalized if the file says so") {
  TinyTokenizer tiny{.merges = {{"\xc3", "\xa9"}}};
  CHECK(load(tiny).encode("e\u0301") == Ids{256});
  tiny.normalizer = R"({"type": "Sequence", "normalizers": [{"type": "NFC"}]})";
  CHECK(load(tiny).encode("e\u0301") == Ids{256});
  for (const char* const none : {"null", R"({"type": "Sequence", "normalizers": []})"}) {
    tiny.normalizer = none;
    CHECK(load(tiny).encode("e\u0301") == Ids{'e', 0xcc, 0x81});
  }
}

TEST_CASE("tokenizer: normalization never crosses an added token") {
  const moe::Tokenizer tokenizer =
      load(TinyTokenizer{.merges = {{"\xc3", "\xa9"}}, .added_tokens = added_token(257, "<x>")});
  CHECK(tokenizer.encode("e<x>\u0301e\u0301") == Ids{'e', 257, 0xcc, 0x81, 256});
}

TEST_CASE("tokenizer: a piece of a normalized text may occur again in a later part of the text") {
  const moe::Tokenizer tokenizer =
      load(TinyTokenizer{.merges = {{"\xc3", "\xa9"}}, .added_tokens = added_token(257, "<|>")});
  std::string text;
  Ids expected;
  for (int i = 0; i < 100; ++i) {
    text += "e\u0301<|>";
    expected.insert(expected.end(), {256, 257});
  }
  CHECK(tokenizer.encode(text) == expected);
}

TEST_CASE(
    "tokenizer: added tokens are searched for in the raw text, then normalized added tokens in the "
    "normalized text") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{
      .added_tokens = added_token(256, "<ab") + ", " + added_token(257, "<a", "normalized") + ", " +
                      added_token(258, "\u2126", "normalized") + ", " + added_token(259, "\u212b")});
  CHECK(tokenizer.encode("<ab<ac") == Ids{256, 257, 'c'});
  CHECK(tokenizer.encode("\u03a9\u2126") == Ids{258, 258});         // searched for in the normalized text
  CHECK(tokenizer.encode("\u212b\u00c5") == Ids{259, 0xc3, 0x85});  // searched for in the raw text
  CHECK(tokenizer.decode(Ids{258}) == "\u03a9");
}

TEST_CASE("tokenizer: added tokens that are in the vocabulary keep their id") {
  const moe::Tokenizer tokenizer =
      load(TinyTokenizer{.merges = {{"x", "y"}}, .added_tokens = added_token(256, "xy", "special")});
  CHECK(tokenizer.encode("axyb") == Ids{'a', 256, 'b'});
  CHECK(tokenizer.size() == 257);
  CHECK(tokenizer.is_special(256));
}

TEST_CASE("tokenizer: an added token without content is ignored") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{.added_tokens = added_token(256, "")});
  CHECK(tokenizer.encode("a") == Ids{'a'});
  CHECK(tokenizer.size() == 256);
}

TEST_CASE("tokenizer: skip_special leaves out special tokens, but no other added tokens") {
  const moe::Tokenizer tokenizer = load(
      TinyTokenizer{.added_tokens = added_token(256, "<s>", "special") + ", " + added_token(257, "<t>")});
  const Ids ids = tokenizer.encode("a<s><t>b");
  CHECK(ids == Ids{'a', 256, 257, 'b'});
  CHECK(tokenizer.decode(ids) == "a<s><t>b");
  CHECK(tokenizer.decode(ids, true) == "a<t>b");
  CHECK(tokenizer.is_special(256));
  CHECK_FALSE(tokenizer.is_special(257));
  CHECK_FALSE(tokenizer.is_special('a'));
  CHECK_FALSE(tokenizer.is_special(4'000'000'000));
}

TEST_CASE("tokenizer: ids without a token have no text") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{.added_tokens = added_token(300, "<x>")});
  CHECK(tokenizer.decode(Ids{'a', 299, 300, 4'000'000'000, 'b'}) == "a<x>b");
  CHECK(tokenizer.size() == 301);
}

TEST_CASE(
    "tokenizer: an added token in characters of the byte alphabet is decoded as the bytes of these "
    "characters") {
  const moe::Tokenizer tokenizer =
      load(TinyTokenizer{.added_tokens = added_token(256, "éé") + ", " + added_token(257, "é中") + ", " +
                                         added_token(258, "é ")});
  CHECK(tokenizer.decode(Ids{256}) == "\ufffd\ufffd");  // the bytes E9 E9
  CHECK(tokenizer.decode(Ids{257}) == "é中");
  CHECK(tokenizer.decode(Ids{258}) == "é ");
}

TEST_CASE("tokenizer: id_of() finds the token that writes a text") {
  const moe::Tokenizer tokenizer =
      load(TinyTokenizer{.merges = {{" ", "a"}}, .added_tokens = added_token(300, "<x>")});
  CHECK(tokenizer.id_of(" a") == 256);
  CHECK(tokenizer.id_of("<x>") == 300);
  CHECK_FALSE(tokenizer.id_of("Ġa"));
  CHECK_FALSE(tokenizer.id_of("<y>"));
}

TEST_CASE("tokenizer: add_prefix_space puts a space before each piece that does not begin with a space") {
  const moe::Tokenizer tokenizer =
      load(TinyTokenizer{.added_tokens = added_token(256, "<x>"), .add_prefix_space = "true"});
  CHECK(tokenizer.encode("a b\n<x>c") == Ids{' ', 'a', ' ', 'b', ' ', '\n', 256, ' ', 'c'});
}

TEST_CASE("tokenizer: a template puts special tokens around a text, unless add_special_tokens is false") {
  TinyTokenizer tiny;
  tiny.post_processor =
      R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
      {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}], "pair": [],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [1, 2], "tokens": ["a", "b"]},
                         "</s>": {"id": "</s>", "ids": [3], "tokens": ["c"]}}})";
  CHECK(load(tiny).encode("x") == Ids{1, 2, 'x', 3});
  CHECK(load(tiny).encode("") == Ids{1, 2, 3});
  CHECK(load(tiny).encode("x", {.add_special_tokens = false}) == Ids{'x'});
  tiny.post_processor =
      R"({"type": "Sequence", "processors": [{"type": "ByteLevel"}, )" + tiny.post_processor + "]}";
  CHECK(load(tiny).encode("x") == Ids{1, 2, 'x', 3});
}

TEST_CASE("tokenizer: parts that contradict each other are refused") {
  const auto parts = [] {
    moe::detail::TokenizerParts some;
    some.name = "some file";
    some.vocabulary.add(0, "a");
    some.vocabulary.add(1, "b");
    some.pre.steps = {{.pattern = &moe::detail::qwen2_pattern}};
    return some;
  };
  const auto refused = [&](auto change, std::initializer_list<std::string_view> message) {
    moe::detail::TokenizerParts changed = parts();
    change(changed);
    check_error([&] { moe::Tokenizer{std::move(changed)}; }, message);
  };
  CHECK(moe::Tokenizer(parts()).encode("ab") == Ids{0, 1});
  refused([](auto& p) { p.bpe.unknown = 2; }, {"some file", "unknown token", "2"});
  refused([](auto& p) { p.prefix = {7}; }, {"some file", "before a text", "7"});
  refused([](auto& p) { p.suffix = {7}; }, {"some file", "after a text", "7"});
  refused([](auto& p) { p.added_tokens = {{.id = 1, .content = "x"}}; }, {"\"x\"", "1", "another token"});
  refused([](auto& p) { p.added_tokens = {{.id = 2, .content = "a"}}; },
          {"\"a\"", "id in the vocabulary, 0", "2"});
  refused(
      [](auto& p) {
        p.added_tokens = {{.id = 2, .content = "x"}, {.id = 3, .content = "x"}};
      },
      {"\"x\"", "two"});
  refused(
      [](auto& p) {
        p.added_tokens = {{.id = 2, .content = "x"}, {.id = 2, .content = "y"}};
      },
      {"\"y\"", "2"});
  refused([](auto& p) { p.added_tokens = {{.id = 2, .content = std::string((16 << 20) + 1, 'x')}}; },
          {"added tokens", "at most 16777216 bytes", "found at least 16777217"});
  refused([](auto& p) { p.added_tokens = {{.id = 4'000'000'000, .content = "x"}}; }, {"\"x\"", "4000000000"});
}

TEST_CASE("tokenizer: several threads may use one tokenizer") {
  const moe::Tokenizer tokenizer = load(TinyTokenizer{.merges = {{"\xc3", "\xa9"}, {"t", "h"}}});
  const std::string text = "the e\u0301tude, the e\u0301tude 中文\n";
  const Ids expected = tokenizer.encode(text);
  std::vector<Ids> found(4);
  std::vector<std::thread> threads;
  for (Ids& ids : found) threads.emplace_back([&] { ids = tokenizer.encode(text); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& ids : found) CHECK(ids == expected);
}
