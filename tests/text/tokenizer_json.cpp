// SPDX-License-Identifier: MIT
#include "detail/text/tokenizer_json.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_tokenizer.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

/// Checks that the tiny tokenizer with `from` replaced by `to` is refused with that message.
void refuses(std::string_view from, std::string_view to, std::initializer_list<std::string_view> message) {
  const std::string json =
      TinyTokenizer{.merges = {{"a", "b"}}, .added_tokens = added_token(257, "<x>")}.json();
  check_error([&] { load(replaced(json, from, to)); }, message);
}

}  // namespace

TEST_CASE("tokenizer.json: merges may be pairs or texts with a space") {
  const std::string json = TinyTokenizer{.merges = {{"a", "b"}}}.json();
  CHECK(load(json).encode("ab") == Ids{256});
  CHECK(load(replaced(json, R"(["a", "b"])", R"("a b")")).encode("ab") == Ids{256});
}

TEST_CASE("tokenizer.json: optional members may be missing or null") {
  const TinyTokenizer tiny;
  const std::string json = tiny.json();
  for (const char* const member :
       {R"("version": "1.0", )", R"("truncation": null, )", R"("added_tokens": [], )",
        R"("normalizer": {"type": "NFC"}, )", R"("post_processor": null, )", R"("unk_token": null, )"})
    CHECK(load(replaced(json, member, "")).encode("a") == Ids{'a'});
  CHECK(load(replaced(json, R"("added_tokens": [])", R"("added_tokens": null)")).encode("a") == Ids{'a'});
  CHECK(load(replaced(json, R"("unk_token": null)",
                      R"("dropout": null, "continuing_subword_prefix": null, )"
                      R"("end_of_word_suffix": "", "fuse_unk": null)"))
            .encode("a") == Ids{'a'});
  CHECK(load(replaced(json, R"("unk_token": null)", R"("dropout": 0.0)")).encode("a") == Ids{'a'});
}

TEST_CASE("tokenizer.json: unk_token stands for missing bytes, fused or not") {
  const std::string json = replaced(TinyTokenizer{}.json(), R"("a": 97)", R"("aa": 97)");
  CHECK(load(json).encode("baab") == Ids{'b', 'b'});
  CHECK(load(replaced(json, R"("unk_token": null)", R"("unk_token": "?")")).encode("baab") ==
        Ids{'b', '?', '?', 'b'});
  CHECK(
      load(replaced(json, R"("unk_token": null)", R"("unk_token": "?", "fuse_unk": true)")).encode("baab") ==
      Ids{'b', '?', 'b'});
}

TEST_CASE("tokenizer.json: unk_token must exist only if a byte has no token") {
  const std::string json =
      replaced(TinyTokenizer{}.json(), R"("unk_token": null)", R"("unk_token": "<unk>")");
  CHECK(load(json).encode("a") == Ids{'a'});
  check_error([&] { load(replaced(json, R"("a": 97)", R"("aa": 97)")); }, {"$.model.unk_token", "<unk>"});
}

TEST_CASE("tokenizer.json: byte_fallback changes nothing beside a ByteLevel if every byte has a token") {
  const std::string json = replaced(TinyTokenizer{.merges = {{"a", "b"}}}.json(), R"("unk_token": null)",
                                    R"("byte_fallback": true)");
  CHECK(load(json).encode("ab é") == Ids{256, ' ', 0xc3, 0xa9});
  check_error([&] { load(replaced(json, R"("a": 97)", R"("aa": 97)")); },
              {"$.model.byte_fallback", "a token for every byte", "true"});
}

TEST_CASE("tokenizer.json: ignore_merges is read") {
  const std::string json = replaced(TinyTokenizer{}.json(), R"("a": 97)", R"("a": 97, "aa": 256)");
  CHECK(load(json).encode("aa") == Ids{'a', 'a'});
  CHECK(load(replaced(json, R"("unk_token": null)", R"("ignore_merges": true)")).encode("aa") == Ids{256});
}

TEST_CASE("tokenizer.json: an error about an unsupported part names the part and its place") {
  refuses(R"({"type": "NFC"})", R"({"type": "NFKC"})", {"$.normalizer.type", "NFKC"});
  refuses(R"({"type": "NFC"})", R"({"type": "Sequence", "normalizers": [{"type": "Lowercase"}]})",
          {"$.normalizer.normalizers[0].type", "Lowercase"});
  refuses(R"({"type": "Split")", R"({"type": "UnicodeScripts")",
          {"$.pre_tokenizer.pretokenizers[0].type", "UnicodeScripts"});
  refuses(R"(|\\s+"})", R"(|(\\s)\\1"})",
          {"$.pre_tokenizer.pretokenizers[0].pattern.Regex", "at byte 112", "`\\1`"});
  refuses("Isolated", "Isolate", {".behavior", "Contiguous", "Isolate"});
  refuses(R"({"type": "ByteLevel", "add)", R"({"type": "Whitespace", "add)",
          {"$.pre_tokenizer", "ByteLevel", "none"});
  refuses(R"({"type": "ByteLevel"})", R"({"type": "Fuse"})", {"$.decoder.type", "Fuse"});
  refuses(R"("post_processor": null)", R"("post_processor": {"type": "Truncation"})",
          {"$.post_processor.type", "Truncation"});
  refuses(R"("post_processor": null)", R"("post_processor": {"type": "BertProcessing", "cls": ["a"]})",
          {"$.post_processor.cls", "a text and an id", "1 elements"});
  refuses(R"({"type": "BPE")", R"({"type": "WordPiece")", {"$.model.type", "WordPiece"});
  refuses(R"("version": "1.0")", R"("version": "2.0")", {"$.version", "2.0"});
}

TEST_CASE("tokenizer.json: a model without a type is BPE if it has merges") {
  const std::string json = TinyTokenizer{.merges = {{"a", "b"}}}.json();
  for (const char* type : {"", R"("type": null, )"})
    CHECK(load(replaced(json, R"("type": "BPE", )", type)).encode("ab") == Ids{256});
  check_error([&] { load(replaced(replaced(json, R"("type": "BPE", )", ""), "merges", "scores")); },
              {"$.model", "type"});
}

TEST_CASE("tokenizer.json: a RobertaProcessing or BertProcessing puts cls before a text and sep after it") {
  for (const char* type : {"RobertaProcessing", "BertProcessing"}) {
    const TinyTokenizer tiny{.post_processor = std::string(R"({"type": ")") + type +
                                               R"(", "sep": ["!", 33], "cls": ["?", 63]})"};
    CHECK(load(tiny).encode("a") == Ids{'?', 'a', '!'});
    CHECK(load(tiny).encode("a", {.add_special_tokens = false}) == Ids{'a'});
  }
}

TEST_CASE("tokenizer.json: the decoder may be missing, null or a Sequence of a ByteLevel") {
  const std::string json = TinyTokenizer{}.json(), level = R"("decoder": {"type": "ByteLevel"}, )";
  const moe::Tokenizer sequence = load(
      replaced(json, level, R"("decoder": {"type": "Sequence", "decoders": [{"type": "ByteLevel"}]}, )"));
  CHECK(sequence.decode(Ids{'a', ' '}) == "a ");
  CHECK(sequence.warnings().empty());
  for (const char* decoder : {"", R"("decoder": null, )"}) {
    const moe::Tokenizer tokenizer = load(replaced(json, level, decoder));
    CHECK(tokenizer.decode(Ids{'a', ' '}) == "a ");
    CHECK(tokenizer.warnings().size() == 1);
  }
}

TEST_CASE("tokenizer.json: a ByteLevel without Splits cuts texts by the regular expression of GPT-2") {
  const std::string json = TinyTokenizer{}.json();
  const std::size_t begin = json.find(R"({"type": "Sequence", "pretokenizers")");
  const std::string before = json.substr(0, begin), after = json.substr(json.find("]}", begin) + 2);
  const auto with = [&](const std::string& steps) { return before + steps + after; };
  const std::string level = R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true})";
  const std::string many = R"("ignore_merges": true, "unk_token": null)";
  for (const std::string& steps : {level, R"({"type": "Sequence", "pretokenizers": [)" + level + "]}"}) {
    // For GPT-2 these digits are one piece, for Qwen three.
    std::string tokenizer = replaced(with(steps), R"("a": 97)", R"("a": 97, "123": 256)");
    tokenizer = replaced(tokenizer, R"("unk_token": null)", many);
    CHECK(load(tokenizer).encode("123") == Ids{256});
  }
  check_error([&] { load(with(R"({"type": "Sequence", "pretokenizers": []})")); },
              {"$.pre_tokenizer", "ByteLevel", "none"});
}

TEST_CASE("tokenizer.json: Digits before a ByteLevel make every number a piece") {
  const std::string json = TinyTokenizer{}.json();
  const std::size_t begin = json.find(R"({"type": "Sequence", "pretokenizers")");
  const std::size_t end = json.find("]}", begin) + 2;
  std::string tokenizer =
      json.substr(0, begin) +
      R"({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, )"
      R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}]})" +
      json.substr(end);
  tokenizer = replaced(tokenizer, R"("a": 97)", R"("a": 97, "123": 256, "ĠĠ": 257, "Ġa": 258)");
  tokenizer = replaced(tokenizer, R"("unk_token": null)", R"("ignore_merges": true, "unk_token": null)");
  CHECK(load(tokenizer).encode("123  1 a") == Ids{'1', '2', '3', 257, '1', 258});
}

TEST_CASE("tokenizer.json: a single Split that removes all but its matches isolates them") {
  const std::string split = R"("behavior": "Isolated", "invert": false)";
  const std::string json = TinyTokenizer{}.json();
  const std::string removes = replaced(json, split, R"("behavior": "Removed", "invert": true)");
  for (const char* text : {"a b  c\n", "it's 12", ""})
    CHECK(load(removes).encode(text) == load(json).encode(text));
}

TEST_CASE("tokenizer.json: several Splits cut one after another") {
  const std::string json = TinyTokenizer{}.json();
  const auto with = [&](std::initializer_list<std::string_view> regexes) {
    std::string splits;
    for (const std::string_view regex : regexes)
      splits += (splits.empty() ? "" : R"(, {"type": "Split", "pattern": {"Regex": )") +
                moe::detail::to_json(regex) + R"(}, "behavior": "Isolated", "invert": false})";
    return replaced(json,
                    moe::detail::to_json(moe::detail::qwen2_pattern.regex) +
                        R"(}, "behavior": "Isolated", "invert": false})",
                    splits);
  };
  const std::string_view all = moe::detail::deepseek_v3_pattern.regex;
  const std::size_t first = all.find('\n'), second = all.find('\n', first + 1);
  const std::string_view a = all.substr(0, first), b = all.substr(first + 1, second - first - 1),
                         c = all.substr(second + 1);
  CHECK(load(with({a, b, c})).encode("1") == Ids{'1'});
  CHECK(load(with({moe::detail::o200k_pattern.regex})).encode("1") == Ids{'1'});
  for (const auto* other : {&moe::detail::tekken_pattern, &moe::detail::cl100k_pattern})
    CHECK(load(with({other->regex})).encode("1") == Ids{'1'});
  CHECK(load(with({b, a, c})).encode("1a") == Ids{'1', 'a'});
  CHECK(load(with({c})).encode("1a") == Ids{'1', 'a'});
  CHECK(load(with({all})).encode("1a") == Ids{'1', 'a'});  // one expression with line feeds in it
}

TEST_CASE("tokenizer.json: an error about an unsupported option of the model names the option") {
  refuses(R"("unk_token": null)", R"("dropout": 0.1)", {"$.model.dropout", "null or 0", "0.1"});
  refuses(R"("unk_token": null)", R"("continuing_subword_prefix": "##")",
          {"$.model.continuing_subword_prefix", "##"});
  refuses(R"("unk_token": null)", R"("end_of_word_suffix": "</w>")", {"$.model.end_of_word_suffix", "</w>"});
}

TEST_CASE("tokenizer.json: an error about a wrong vocabulary names the place") {
  refuses(R"("a": 97)", R"("a": "97")", {"$.model.vocab.a", "a number", "a string"});
  refuses(R"("a": 97)", R"("a": -1)", {"$.model.vocab.a", "-1"});
  refuses(R"("a": 97)", R"("a": 9.7)", {"$.model.vocab.a", "9.7"});
  refuses(R"("a": 97)", R"("a": 98)", {"$.model.vocab.", "98"});
  refuses(R"("a": 97)", R"("a": 4294967295)", {"$.model.vocab.a", "4294967295"});
  refuses(R"("a": 97)", R"("a": 97, "a": 300)", {"$.model.vocab.a", "two"});
}

TEST_CASE("tokenizer.json: an error about a wrong merge names the place") {
  refuses(R"(["a", "b"])", R"(["a", "c"])", {"$.model.merges[0]", "a c"});      // no token is the result
  refuses(R"(["a", "b"])", R"(["<", "ab>"])", {"$.model.merges[0]", "< ab>"});  // one part is no token
  refuses(R"(["a", "b"])", R"(["a", "b", ""])", {"$.model.merges[0]", "two tokens", "3"});
  refuses(R"(["a", "b"])", R"(["ab"])", {"$.model.merges[0]", "two tokens", "1"});
  refuses(R"(["a", "b"])", R"(["a", 98])", {"$.model.merges[0][1]", "a string"});
  refuses(R"(["a", "b"])", R"("a b c")", {"$.model.merges[0]", "one space", "a b c"});
  refuses(R"(["a", "b"])", R"("ab")", {"$.model.merges[0]", "one space"});
  refuses(R"(["a", "b"])", R"("a ")", {"$.model.merges[0]"});
  refuses(R"(["a", "b"])", "7", {"$.model.merges[0]", "a number"});
}

TEST_CASE("tokenizer.json: an error about a wrong added token names the token") {
  refuses(R"("id": 257)", R"("id": 97)", {"\"<x>\"", "97"});
  refuses(R"("id": 257)", R"("id": 4294967295)", {"\"<x>\"", "4294967295"});
  refuses(R"("id": 257)", R"("id": 4294967296)", {"$.added_tokens[0].id", "4294967296"});
  refuses(R"("content": "<x>")", R"("content": "ab")", {"\"ab\"", "256", "257"});
  refuses(R"("content": "<x>")", R"("content": 7)", {"$.added_tokens[0].content"});
  refuses(R"("added_tokens": [)", R"("added_tokens": [)" + added_token(258, "<x>") + ", ",
          {"\"<x>\"", "two"});
  refuses(R"("added_tokens": [)", R"("added_tokens": [)" + added_token(257, "<y>") + ", ",
          {"\"<x>\"", "257"});
}

TEST_CASE("tokenizer.json: an error about a missing member names the member") {
  refuses(R"("lstrip": false, )", "", {"$.added_tokens[0]", "lstrip"});
  refuses(R"("id": 257, )", "", {"$.added_tokens[0]", "id"});
  refuses(R"("vocab":)", R"("words":)", {"$.model", "vocab"});
  refuses(R"("merges":)", R"("rules":)", {"$.model", "merges"});
  refuses(R"("model":)", R"("modell":)", {"$", "model"});
  // Without a pre-tokenizer the file is read as one of SentencePiece.
  refuses(R"("pre_tokenizer":)", R"("pre":)", {"$.normalizer.type", "NFC"});
  refuses(R"("behavior": "Isolated", )", "", {"pretokenizers[0]", "behavior"});
  refuses(R"("add_prefix_space": false, )", "", {"pretokenizers[1]", "add_prefix_space"});
}

TEST_CASE("tokenizer.json: a template must have the text once and only known tokens") {
  const auto with = [](std::string_view single, std::string_view special) {
    return R"("post_processor": {"type": "TemplateProcessing", "single": )" + std::string(single) +
           R"(, "special_tokens": )" + std::string(special) + "}";
  };
  const std::string null = R"("post_processor": null)", text = R"({"Sequence": {"id": "A"}})";
  refuses(null, with("[]", "{}"), {"$.post_processor.single", "once"});
  refuses(null, with("[" + text + ", " + text + "]", "{}"),
          {"$.post_processor.single[1].Sequence", "found twice"});
  refuses(null, with(R"([{"Sequence": {"id": "B"}}])", "{}"), {"$.post_processor.single[0].Sequence", "B"});
  const std::string special = R"([{"SpecialToken": {"id": "<s>"}}, )" + text + "]";
  refuses(null, with(special, "{}"), {"$.post_processor.special_tokens", "<s>"});
  refuses(null, with(special, R"({"<s>": {"ids": [9999]}})"), {"before a text", "9999"});
  refuses(null, with(special, R"({"<s>": {"ids": 1}})"), {"ids", "an array"});
}

TEST_CASE(
    "tokenizer.json: a template of many pieces of one token of many ids is refused before it is expanded") {
  const Watchdog watchdog(std::chrono::seconds(60));
  const auto with = [](std::size_t pieces, std::size_t ids, std::size_t names) {
    std::string single = R"({"Sequence": {"id": "A"}})", list = "1", special;
    for (std::size_t i = 0; i < pieces; ++i) single += R"(, {"SpecialToken": {"id": "<s>"}})";
    for (std::size_t i = 1; i < ids; ++i) list += ", 1";
    for (std::size_t i = 0; i < names; ++i) special += "\"n" + std::to_string(i) + R"(": {"ids": []}, )";
    return TinyTokenizer{.post_processor = R"({"type": "TemplateProcessing", "single": [)" + single +
                                           R"(], "special_tokens": {)" + special + R"("<s>": {"ids": [)" +
                                           list + "]}}}"};
  };
  CHECK(load(with(16, 16, 10)).encode("a").size() == 257);
  check_error([&] { load(with(16, 17, 10)); },
              {"special_tokens.<s>.ids", "at most 256 special tokens", "272"});
  check_error([&] { load(with(64, 1, 10)); }, {"$.post_processor.single", "at most 64 pieces", "65"});
  check_error([&] { load(with(100'000, 100'000, 10)); }, {"$.post_processor.single", "pieces"});
  CHECK(load(with(60, 1, 100'000)).encode("a").size() == 61);
}

TEST_CASE("tokenizer.json: many templates in a Sequence have one limit together") {
  std::string sequence;
  for (int i = 0; i < 300; ++i)
    sequence += std::string(i == 0 ? "" : ", ") +
                R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, )" +
                R"({"Sequence": {"id": "A"}}], "special_tokens": {"<s>": {"ids": [1]}}})";
  check_error(
      [&] {
        load(TinyTokenizer{.post_processor = R"({"type": "Sequence", "processors": [)" + sequence + "]}"});
      },
      {"processors[256]", "at most 256 special tokens"});
}

TEST_CASE("tokenizer.json: a truncated file is an error, wherever it ends") {
  const std::string json =
      TinyTokenizer{.merges = {{"a", "b"}}, .added_tokens = added_token(257, "<x>")}.json();
  const TemporaryDirectory directory;
  for (std::size_t size = 0; size < json.size(); ++size) {
    const std::string path = directory.write("tokenizer.json", json.substr(0, size));
    REQUIRE_FALSE(message_of([&] { moe::Tokenizer{path}; }).empty());
  }
}

TEST_CASE("tokenizer.json: a damaged file is read or is an error") {
  const std::string json =
      TinyTokenizer{.merges = {{"a", "b"}}, .added_tokens = added_token(257, "<x>", "lstrip rstrip")}.json();
  const TemporaryDirectory directory;
  for (std::size_t at = 0; at < json.size(); at += 3) {
    for (const char damage : {'0', '"', '}', 'x', '\xff'}) {
      std::string damaged = json;
      damaged[at] = damage;
      const std::string path = directory.write("tokenizer.json", damaged);
      (void)message_of([&] { moe::Tokenizer(path).encode("ab <x> e\u0301"); });
    }
  }
}
