// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/text/streaming_decoder.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/message_of.hpp"
#include "support/tiny_sentence_piece.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

TEST_CASE(
    "sentence piece json: a text is one piece with a space before it, merged by the ranks of the merges") {
  const moe::Tokenizer tokenizer = load(TinySentencePiece{});
  CHECK(tokenizer.encode("hello") == Ids{16});
  CHECK(tokenizer.encode("hello hello") == Ids{16, 16});
  CHECK(tokenizer.encode("ello") == Ids{6, 12, 13});
  CHECK(tokenizer.encode("h  h ") == Ids{11, 6, 11, 6});  // not ▁▁, which has a higher rank than ▁h
}

TEST_CASE("sentence piece json: only listed merges are done") {
  TinySentencePiece tiny;
  tiny.merges.pop_back();  // of "he", which stays in the vocabulary
  tiny.merges.erase(tiny.merges.begin() + 1);
  CHECK(load(tiny).encode("ohe") == Ids{6, 10, 7, 8});
}

TEST_CASE("sentence piece json: an empty text gets no space") {
  CHECK(load(TinySentencePiece{}).encode("") == Ids{});
}

TEST_CASE("sentence piece json: a ▁ in the text counts as a space") {
  const moe::Tokenizer tokenizer = load(TinySentencePiece{});
  CHECK(tokenizer.encode("hello▁hello") == tokenizer.encode("hello hello"));
}

TEST_CASE("sentence piece json: each text between special tokens gets a space") {
  const moe::Tokenizer tokenizer = load(TinySentencePiece{});
  CHECK(tokenizer.encode("hello<s>hello</s></s> h") == Ids{16, 1, 16, 2, 2, 6, 11});
}

TEST_CASE("sentence piece json: a character that is no token is spelled in byte tokens") {
  CHECK(load(TinySentencePiece{}).encode("h\né") == Ids{11, 3, 4, 5});
}

TEST_CASE("sentence piece json: a character becomes the unknown token if one of its bytes has no token") {
  CHECK(load(TinySentencePiece{}).encode("hèo") == Ids{11, 0, 10});  // C3 A8
}

TEST_CASE("sentence piece json: a space that is no token is spelled as ▁ in byte tokens") {
  const TinySentencePiece tiny{
      .vocabulary = {"<unk>", "<s>", "</s>", "h", "<0xE2>", "<0x96>", "<0x81>", "<0x20>"}, .merges = {}};
  CHECK(load(tiny).encode("h h") == Ids{4, 5, 6, 3, 4, 5, 6, 3});
}

TEST_CASE("sentence piece json: an unknown token comes after the byte tokens that follow its character") {
  TinySentencePiece tiny;
  CHECK(load(tiny).encode("hxéoé") == Ids{11, 4, 5, 0, 10, 4, 5});
  CHECK(load(tiny).encode("hxéyé") == Ids{11, 4, 5, 4, 5, 0});
  tiny.model_options = R"("unk_token": "<unk>", "fuse_unk": false, "byte_fallback": true)";
  CHECK(load(tiny).encode("hxéyé") == Ids{11, 4, 5, 0, 4, 5, 0});
}

TEST_CASE("sentence piece json: fuse_unk makes one unknown token of a run of unknown characters") {
  TinySentencePiece tiny;
  CHECK(load(tiny).encode("hxyoz") == Ids{11, 0, 10, 0});
  tiny.model_options = R"("unk_token": "<unk>", "fuse_unk": false, "byte_fallback": true)";
  CHECK(load(tiny).encode("hxyoz") == Ids{11, 0, 0, 10, 0});
}

TEST_CASE("sentence piece json: without an unknown token, unknown characters are dropped") {
  TinySentencePiece tiny;
  tiny.model_options = R"("unk_token": null, "byte_fallback": true)";
  CHECK(load(tiny).encode("hxyo") == Ids{11, 10});
}

TEST_CASE("sentence piece json: the unknown token must exist, unless every byte has a token") {
  TinySentencePiece tiny;
  tiny.model_options = R"("unk_token": "<nothing>", "byte_fallback": true)";
  check_error([&] { load(tiny); }, {"$.model.unk_token", "<nothing>"});
  for (int byte = 0; byte < 256; ++byte) {
    constexpr char digits[] = "0123456789ABCDEF";
    const std::string name = {'<', '0', 'x', digits[byte / 16], digits[byte % 16], '>'};
    if (name != "<0x0A>" && name != "<0xC3>" && name != "<0xA9>") tiny.vocabulary.push_back(name);
  }
  CHECK(load(tiny).encode("hx").size() == 2);
}

TEST_CASE("sentence piece json: a text <0x0A> does not become the token of byte 10") {
  TinySentencePiece tiny;
  for (const char* one : {"<", "0", "x", "A", ">"}) tiny.vocabulary.push_back(one);
  CHECK(load(tiny).encode("<0x0A>") == Ids{6, 19, 20, 21, 20, 22, 23});
}

TEST_CASE("sentence piece json: invalid UTF-8 is spelled in byte tokens") {
  CHECK(load(TinySentencePiece{}).encode("h\xc3o") == Ids{11, 4, 10});
}

TEST_CASE("sentence piece json: with ignore_merges, a whole piece that is a token becomes this token") {
  TinySentencePiece tiny;
  tiny.merges = {{"e", "l"}};
  CHECK(load(tiny).encode("hello") == Ids{6, 7, 12, 9, 10});
  tiny.model_options += R"(, "ignore_merges": true)";
  CHECK(load(tiny).encode("hello") == Ids{16});
}

TEST_CASE("sentence piece json: the template puts special tokens around the text") {
  TinySentencePiece tiny;
  tiny.post_processor =
      R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, )"
      R"({"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [1]}}})";
  CHECK(load(tiny).encode("hello") == Ids{1, 16});
  CHECK(load(tiny).encode("hello", {.add_special_tokens = false}) == Ids{16});
}

TEST_CASE(
    "sentence piece json: a normalized added token matches with the space that normalization puts before "
    "it") {
  TinySentencePiece tiny;
  tiny.added_tokens = added_token(2, "</s>", "special normalized");
  CHECK(load(tiny).encode("</s>hello") == Ids{2, 7, 12, 13});  // no second space
  CHECK(load(tiny).encode("h </s>") == Ids{11, 2});
  CHECK(load(tiny).encode("h</s>") == Ids{11, 0});
}

TEST_CASE("sentence piece json: a normalized added token includes white space around it, but no ▁") {
  TinySentencePiece tiny;
  tiny.normalizer = replace_only;
  tiny.decoder = decoder_without_strip;
  tiny.added_tokens = added_token(2, "</s>", "special normalized lstrip rstrip");
  CHECK(load(tiny).encode("h\n</s>\n h") == Ids{7, 2, 11});
  CHECK(load(tiny).encode("h </s> h") == Ids{7, 6, 2, 11});
}

TEST_CASE("sentence piece json: a new normalized added token is decoded as its normalized content") {
  TinySentencePiece tiny;
  tiny.added_tokens = added_token(19, "<x>", "normalized");
  CHECK(load(tiny).decode(Ids{7, 19}) == "h <x>");
}

TEST_CASE("sentence piece json: an added token may be the token of a byte") {
  TinySentencePiece tiny;
  tiny.added_tokens = added_token(3, "<0x0A>") + ", " + added_token(19, "<0x0B>");
  CHECK(load(tiny).encode("h<0x0A>h") == Ids{11, 3, 11});
  CHECK(load(tiny).decode(Ids{7, 3, 19, 7}) == "h\n\vh");
  tiny.added_tokens = added_token(3, "<0x0B>");
  check_error([&] { load(tiny); }, {"added token \"<0x0B>\"", "an id of its own"});
}

TEST_CASE("sentence piece json: without byte_fallback, byte tokens are decoded, but spell nothing") {
  TinySentencePiece tiny;
  tiny.normalizer = "null";
  tiny.pre_tokenizer = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})";
  tiny.model_options = R"("unk_token": "<unk>", "byte_fallback": false)";
  CHECK(load(tiny).encode("hé") == Ids{11, 0});
  CHECK(load(tiny).decode(Ids{7, 4, 5}) == "hé");
}

TEST_CASE("sentence piece json: decoding writes spaces and bytes, and removes the one added space") {
  const moe::Tokenizer tokenizer = load(TinySentencePiece{});
  CHECK(tokenizer.decode(Ids{1, 16, 16, 3, 4, 5}, true) == "hello hello\né");
  CHECK(tokenizer.decode(Ids{1, 16}) == "<s> hello");
  CHECK(tokenizer.decode(Ids{14, 7}) == " h");
  CHECK(tokenizer.decode(Ids{7, 4, 5, 4, 7}) == "h\ufffd\ufffd\ufffdh");
}

TEST_CASE("sentence piece json: streaming makes the text of decode(), on random ids") {
  const moe::Tokenizer tokenizer = load(TinySentencePiece{});
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    const bool skip_special = round % 2 == 0;
    Ids ids(random() % 10);
    for (TokenId& id : ids) id = random() % 2 == 0 ? 3 + random() % 4 : random() % 20;
    moe::StreamingDecoder decoder(tokenizer, skip_special);
    std::string text;
    for (const TokenId id : ids) text += decoder.push(id);
    text += decoder.finish();
    REQUIRE(text == tokenizer.decode(ids, skip_special));
  }
}

namespace {

/// The definition: search all pairs for the merge of the lowest rank, merge the leftmost such pair, repeat.
Ids naive(const TinySentencePiece& tiny, const std::vector<std::string>& characters) {
  std::map<std::string, TokenId> ids;
  for (TokenId id = 0; id < tiny.vocabulary.size(); ++id) ids[tiny.vocabulary[id]] = id;
  std::vector<std::string> symbols;
  bool unknown_waits = false;
  for (const std::string& character : characters) {
    if (character == "é") {
      symbols.insert(symbols.end(), {"<0xC3>", "<0xA9>"});
      continue;
    }
    const bool known = ids.contains(character);
    if (known && unknown_waits) symbols.push_back("<unk>");
    if (known) symbols.push_back(character);
    unknown_waits = !known;
  }
  if (unknown_waits) symbols.push_back("<unk>");
  for (bool merged = true; merged;) {
    merged = false;
    for (const auto& [left, right] : tiny.merges) {
      for (std::size_t i = 0; i + 1 < symbols.size() && !merged; ++i) {
        if (symbols[i] != left || symbols[i + 1] != right) continue;
        symbols[i] += right;
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        merged = true;
      }
      if (merged) break;
    }
  }
  Ids out;
  for (const std::string& symbol : symbols) out.push_back(ids.at(symbol));
  return out;
}

}  // namespace

TEST_CASE("sentence piece json: tokens are as by definition, on random merges") {
  std::mt19937 random(11);
  const std::string letters[] = {"a", "b", "▁", "é", "x"};
  for (int round = 0; round < 60; ++round) {
    TinySentencePiece tiny{.vocabulary = {"<unk>", "<0xC3>", "<0xA9>", "a", "b", "▁"}, .merges = {}};
    tiny.added_tokens.clear();
    tiny.normalizer = replace_only;
    tiny.decoder = decoder_without_strip;
    std::map<std::string, bool> taken;
    for (int i = 0; i < 20; ++i) {
      const auto part = [&] { return tiny.vocabulary[3 + random() % (tiny.vocabulary.size() - 3)]; };
      const std::string left = part(), right = part();
      if (taken[left + right]) continue;
      taken[left + right] = true;
      tiny.merges.emplace_back(left, right);
      tiny.vocabulary.push_back(left + right);
    }
    for (std::size_t i = tiny.merges.size(); i > 1; --i)
      std::swap(tiny.merges[i - 1], tiny.merges[random() % i]);
    const moe::Tokenizer tokenizer = load(tiny);
    for (int i = 0; i < 20; ++i) {
      std::vector<std::string> characters(random() % 30);
      std::string text;
      for (std::string& character : characters) text += character = letters[random() % 5];
      CHECK(tokenizer.encode(text) == naive(tiny, characters));
    }
  }
}

TEST_CASE("sentence piece json: a text of a million bytes is encoded in O(n log n)") {
  const moe::Tokenizer tokenizer = load(TinySentencePiece{});
  std::string text;
  while (text.size() < 1'000'000) text += "hello hé";
  CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
}

TEST_CASE("sentence piece json: an error about a wrong vocabulary or merge names the place") {
  refuses_pieces(R"("<0x0A>": 3)", R"("<0xC3>": 3)", {"$.model.vocab", "two"});
  refuses_pieces(R"("<0x0A>": 3)", R"("<0x0A>": 4)", {"$.model.vocab"});
  refuses_pieces(R"("▁hello": 16)", R"("▁hella": 16)", {"$.model.merges[3]", "▁hel lo"});
}

TEST_CASE("sentence piece json: a truncated file is an error, wherever it ends") {
  const std::string json = TinySentencePiece{}.json();
  for (std::size_t size = 0; size < json.size(); size += 7)
    CHECK_THROWS_AS(load(json.substr(0, size)), moe::Error);
}
