// SPDX-License-Identifier: MIT
#include "detail/text/sentence_piece_json.hpp"
#include "detail/text/streaming_decoder.hpp"
#include "support/message_of.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

namespace {

/// A tokenizer.json like the one of Llama 2. The id of a token is its index in `vocabulary`.
struct TinySentencePiece {
  std::vector<std::string> vocabulary = {"<unk>", "<s>",  "</s>",   "<0x0A>", "<0xC3>", "<0xA9>", "▁",
                                         "h",     "e",    "l",      "o",      "▁h",     "el",     "lo",
                                         "▁▁",    "▁hel", "▁hello", "llo",    "he"};
  std::vector<std::pair<std::string, std::string>> merges = {
      {"▁h", "el"}, {"e", "l"}, {"▁", "h"}, {"▁hel", "lo"}, {"l", "o"}, {"▁", "▁"}, {"l", "lo"}, {"h", "e"}};
  std::string added_tokens = added_token(0, "<unk>", "special") + ", " + added_token(1, "<s>", "special") +
                             ", " + added_token(2, "</s>", "special");
  std::string normalizer = R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, )"
                           R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})";
  std::string pre_tokenizer = "null";
  std::string post_processor = "null";
  std::string decoder =
      R"({"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, )"
      R"({"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";
  std::string model_options = R"("unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true)";

  std::string json() const {
    std::string vocab, list;
    for (std::size_t id = 0; id < vocabulary.size(); ++id)
      vocab += (id == 0 ? "" : ", ") + moe::detail::to_json(vocabulary[id]) + ": " + std::to_string(id);
    for (const auto& [left, right] : merges)
      list += (list.empty() ? "" : ", ") + moe::detail::to_json(left + " " + right);
    return R"({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [)" + added_tokens +
           R"(], "normalizer": )" + normalizer + R"(, "pre_tokenizer": )" + pre_tokenizer +
           R"(, "post_processor": )" + post_processor + R"(, "decoder": )" + decoder +
           R"(, "model": {"type": "BPE", )" + model_options + R"(, "vocab": {)" + vocab +
           R"(}, "merges": [)" + list + "]}}";
  }
};

using ::load;
moe::Tokenizer load(const TinySentencePiece& tiny) { return load(tiny.json()); }

/// Checks that the tiny tokenizer with `from` replaced by `to` is refused with that message.
void refuses_pieces(std::string_view from, std::string_view to,
                    std::initializer_list<std::string_view> message) {
  std::string json = TinySentencePiece{}.json();
  const std::size_t at = json.find(from);
  REQUIRE(at != json.npos);
  check_error([&] { load(json.replace(at, from.size(), to)); }, message);
}

const std::string replace_only = R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})";
const std::string decoder_without_strip =
    R"({"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, )"
    R"({"type": "ByteFallback"}, {"type": "Fuse"}]})";

}  // namespace

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

TEST_CASE("sentence piece json: an unknown token comes behind the byte tokens that follow its character") {
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
                 {"$.normalizer", "1 and 2"});
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

TEST_CASE("sentence piece json: an error about an unsupported decoder names its type and place") {
  refuses_pieces(R"("decoder": {"type": "Sequence")", R"("decoder": {"type": "ByteLevel")",
                 {"$.decoder.type", "ByteLevel"});
  refuses_pieces(R"({"type": "ByteFallback"})", R"({"type": "WordPiece"})",
                 {"$.decoder.decoders[1].type", "WordPiece"});
  refuses_pieces(R"({"type": "Fuse"}, )", "", {"$.decoder.decoders[2].type", "Fuse", "Strip"});
  refuses_pieces(R"({"String": "▁"})", R"({"String": "_"})", {"$.decoder.decoders[0].pattern.String", "_"});
  refuses_pieces(R"("content": " ", "start": 1)", R"("content": "a", "start": 1)",
                 {"decoders[3].content", "a"});
  refuses_pieces(R"("start": 1)", R"("start": 2)", {"decoders[3].start", "2"});
  refuses_pieces(R"("stop": 0)", R"("stop": 1)", {"decoders[3].stop", "1"});
}

TEST_CASE("sentence piece json: the decoder alone says whether a space at the begin is left out") {
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
