// SPDX-License-Identifier: MIT
// The normalizers, pre-tokenizers and decoders of a tokenizer.json that imitates SentencePiece.
#include "detail/core/token.hpp"
#include "detail/text/streaming_decoder.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/tiny_sentence_piece.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

TEST_CASE("sentence piece json: without Prepend and Strip, no space is added or removed") {
  TinySentencePiece tiny;
  tiny.normalizer = replace_only;
  tiny.decoder = decoder_without_strip;
  const moe::Tokenizer tokenizer = load(tiny);
  CHECK(tokenizer.encode("hello hello") == Ids{7, 12, 13, 16});
  CHECK(tokenizer.decode(Ids{16, 16}) == " hello hello");
}

TEST_CASE("sentence piece json: a Split at spaces cuts nothing") {
  TinySentencePiece tiny;
  tiny.normalizer = replace_only;
  tiny.decoder = decoder_without_strip;
  tiny.pre_tokenizer =
      R"({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false})";
  CHECK(load(tiny).encode(" hello hello") == Ids{16, 16});
  CHECK(load(tiny).decode(Ids{16, 16}) == " hello hello");
}

TEST_CASE("sentence piece json: Splits at fixed texts and Digits cut before merging") {
  TinySentencePiece tiny;
  tiny.vocabulary.insert(tiny.vocabulary.end(), {"1", "2", "12"});
  tiny.merges.emplace_back("1", "2");
  CHECK(load(tiny).encode("hello12") == Ids{16, 21});
  const std::string digits = R"({"type": "Digits", "individual_digits": true})";
  tiny.pre_tokenizer = digits;
  CHECK(load(tiny).encode("hello12") == Ids{16, 19, 20});
  tiny.pre_tokenizer = R"({"type": "Sequence", "pretokenizers": [)" + digits +
                       R"(, {"type": "Split", "pattern": {"String": "▁"}, "behavior": "Isolated", )"
                       R"("invert": false}]})";
  CHECK(load(tiny).encode("hello12") == Ids{6, 7, 12, 13, 19, 20});
}

TEST_CASE("sentence piece json: an error about an unsupported normalizer names its type and place") {
  refuses_pieces(R"({"type": "Prepend", "prepend")", R"({"type": "NFKC", "prepend")",
                 {"$.normalizer.normalizers[0].type", "NFKC"});
  refuses_pieces(R"("prepend": "▁")", R"("prepend": "_")", {"$.normalizer.normalizers[0].prepend", "_"});
  refuses_pieces(R"({"String": " "}, "content": "▁")", R"({"String": "a"}, "content": "▁")",
                 {"pattern.String", "a"});
  refuses_pieces(R"({"String": " "})", R"({"Regex": " "})",
                 {"$.normalizer.normalizers[1].pattern", "String"});
  refuses_pieces(R"({"String": " "}, "content": "▁")", R"({"String": " "}, "content": "_")",
                 {"[1].content", "_"});
  refuses_pieces("{\"type\": \"Prepend\", \"prepend\": \"▁\"}, " + replace_only,
                 R"({"type": "Prepend", "prepend": "▁"})", {"$.normalizer", "one Replace"});
  refuses_pieces(replace_only, R"({"type": "Prepend", "prepend": "▁"}, )" + replace_only,
                 {"$.normalizer", "at most one Prepend", "found 1 Replace and 2 Prepend"});
  refuses_pieces(R"("normalizer": {)", R"("normalizer": null, "other": {)", {"$.normalizer", "null"});
}

TEST_CASE("sentence piece json: an error about a pre-tokenizer names its type") {
  refuses_pieces(R"("pre_tokenizer": null)", R"("pre_tokenizer": {"type": "Punctuation"})",
                 {"$.pre_tokenizer.type", "Digits", "Punctuation"});
  refuses_pieces(R"("pre_tokenizer": null)",
                 R"("pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})",
                 {"$.normalizer", "beside a Metaspace", "Sequence"});
  const auto refuses_split = [](std::string_view members, std::initializer_list<std::string_view> message) {
    refuses_pieces(R"("pre_tokenizer": null)",
                   R"("pre_tokenizer": {"type": "Split", )" + std::string(members) + "}", message);
  };
  refuses_split(R"("pattern": {"String": ""}, "behavior": "MergedWithPrevious", "invert": false)",
                {"$.pre_tokenizer.pattern.String", "a text"});
  refuses_split(R"("pattern": {"Regex": " "}, "behavior": "MergedWithPrevious", "invert": false)",
                {"$.pre_tokenizer.pattern", "String"});
  refuses_split(R"("pattern": {"String": " "}, "behavior": "Contiguou", "invert": false)",
                {"$.pre_tokenizer.behavior", "Contiguou"});
  refuses_split(R"("pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": true)",
                {"$.pre_tokenizer.invert", "true"});
}

TEST_CASE("sentence piece json: Metaspace puts a space where its scheme says, unless there is one") {
  const auto with = [](const std::string& members) {
    TinySentencePiece tiny;
    tiny.normalizer = "null";
    tiny.pre_tokenizer = R"({"type": "Metaspace", "replacement": "▁", )" + members + "}";
    return tiny;
  };
  const moe::Tokenizer always = load(with(R"("prepend_scheme": "always", "split": false)"));
  CHECK(always.encode("hello</s>hello") == Ids{16, 2, 16});
  CHECK(always.encode(" hello") == Ids{16});  // a Prepend would put a second space
  CHECK(always.decode(Ids{16, 16}) == "hello hello");
  const moe::Tokenizer first = load(with(R"("prepend_scheme": "first", "split": false)"));
  CHECK(first.encode("hello</s>hello") == Ids{16, 2, 7, 12, 13});
  CHECK(first.encode("</s>hello") == Ids{2, 7, 12, 13});
  TinySentencePiece plain = with(R"("prepend_scheme": "never", "split": false)");
  plain.decoder = decoder_without_strip;
  CHECK(load(plain).encode("hello") == Ids{7, 12, 13});
  CHECK(load(plain).decode(Ids{16}) == " hello");
  CHECK(load(with(R"("add_prefix_space": true)")).encode("hello") == Ids{16});  // an older form
}

TEST_CASE("sentence piece json: Metaspace may cut texts before each space") {
  TinySentencePiece tiny;
  tiny.normalizer = "null";
  tiny.decoder = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})";
  tiny.pre_tokenizer =
      R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": false})";
  CHECK(load(tiny).encode("h  ") == Ids{11, 14});
  tiny.pre_tokenizer =
      R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true})";
  CHECK(load(tiny).encode("h  h ") == Ids{11, 6, 11, 6});
  tiny.model_options = R"("unk_token": "<unk>", "fuse_unk": false, "byte_fallback": false)";
  CHECK(load(tiny).encode("h é") == Ids{11, 6, 0});
}

TEST_CASE(
    "sentence piece json: beside a Metaspace, normalized added tokens are searched for in the text as it "
    "is") {
  TinySentencePiece tiny;
  tiny.normalizer = "null";
  tiny.pre_tokenizer = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})";
  tiny.added_tokens = added_token(19, "▁o", "normalized lstrip");
  CHECK(load(tiny).encode("h o") == Ids{11, 6, 10});
  CHECK(load(tiny).encode("h ▁o") == Ids{11, 19});
}

TEST_CASE(
    "sentence piece json: the decoder Metaspace names bytes and leaves out all spaces of the first token") {
  TinySentencePiece tiny;
  tiny.added_tokens += ", " + added_token(4, "<0xC3>");
  tiny.decoder = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})";
  const moe::Tokenizer always = load(tiny);
  CHECK(always.decode(Ids{14, 14, 7}) == "  h");
  CHECK(always.decode(Ids{7, 14, 4, 5}) == "h  <0xC3><0xA9>");
  CHECK(always.decode(Ids{2, 14}, true) == "");
  CHECK(always.encode("é") == Ids{6, 4, 5});
  moe::StreamingDecoder stream(always, true, true);
  CHECK(stream.push(14) == "  ");
  CHECK(stream.finish() == "");
  CHECK(stream.push(1) + stream.push(14) + stream.push(14) == "  ");
  tiny.decoder = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"})";
  CHECK(load(tiny).decode(Ids{14, 7}) == "  h");
}

TEST_CASE(
    "sentence piece json: an error about an unsupported decoder names its place and the types of its steps") {
  refuses_pieces(R"("decoder": {"type": "Sequence")", R"("decoder": {"type": "ByteLevel")",
                 {"$.decoder.type", "ByteLevel"});
  refuses_pieces(R"({"type": "ByteFallback"})", R"({"type": "WordPiece"})",
                 {"$.decoder.decoders: ", "found Replace, WordPiece, Fuse, Strip"});
  refuses_pieces(
      R"({"type": "Fuse"}, )", "",
      {"$.decoder.decoders: ", "Replace, ByteFallback, Fuse and Strip, of which ByteFallback and Strip",
       "found Replace, ByteFallback, Strip"});
  refuses_pieces(R"({"type": "Fuse"}, )", R"({"type": "Fuse"}, {"type": "Fuse"}, )",
                 {"$.decoder.decoders: ", "found Replace, ByteFallback, Fuse, Fuse, Strip"});
  refuses_pieces(R"({"String": "▁"})", R"({"String": "_"})", {"$.decoder.decoders[0].pattern.String", "_"});
  refuses_pieces(R"("content": " ", "start": 1)", R"("content": "a", "start": 1)",
                 {"decoders[3].content", "a"});
  refuses_pieces(R"("start": 1)", R"("start": 2)", {"decoders[3].start", "2"});
  refuses_pieces(R"("stop": 0)", R"("stop": 1)", {"decoders[3].stop", "1"});
}

TEST_CASE("sentence piece json: the decoder alone says whether a space at the start is left out") {
  TinySentencePiece no_prepend, no_strip;
  no_prepend.normalizer = replace_only;
  CHECK(load(no_prepend).encode("hello") == Ids{7, 12, 13});
  CHECK(load(no_prepend).decode(Ids{16, 16}) == "hello hello");
  no_strip.decoder = decoder_without_strip;
  CHECK(load(no_strip).encode("hello") == Ids{16});
  CHECK(load(no_strip).decode(Ids{16, 16}) == " hello hello");
}

TEST_CASE(
    "sentence piece json: a Metaspace may stand beside an empty normalizer, in a Sequence of one step") {
  TinySentencePiece tiny;
  const std::string step = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})";
  tiny.normalizer = R"({"type": "Sequence", "normalizers": []})";
  tiny.pre_tokenizer = R"({"type": "Sequence", "pretokenizers": [)" + step + "]}";
  tiny.decoder = R"({"type": "Sequence", "decoders": [)" + step + "]}";
  CHECK(load(tiny).encode("hello hello") == Ids{16, 16});
  CHECK(load(tiny).decode(Ids{16, 16}) == "hello hello");
}

TEST_CASE("sentence piece json: without byte_fallback and ByteFallback, bytes are decoded as names") {
  TinySentencePiece tiny;
  tiny.model_options = R"("unk_token": "<unk>", "byte_fallback": false)";
  CHECK(load(tiny).encode("hé") == Ids{11, 0});
  const std::string fallback = R"({"type": "ByteFallback"}, )";
  tiny.decoder.erase(tiny.decoder.find(fallback), fallback.size());
  CHECK(load(tiny).encode("hello é") == Ids{16, 6, 0});
  CHECK(load(tiny).decode(Ids{16, 4}) == "hello<0xC3>");
}
