// SPDX-License-Identifier: MIT
#include "detail/text/tokenizer_files.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using Ids = std::vector<moe::TokenId>;

namespace {

/// A directory with vocab.json, merges.txt and tokenizer_config.json.
struct ThreeFiles {
  TinyTokenizer tiny = {.merges = {{"a", "b"}, {" ", "ab"}, {"\xc3", "\xa9"}}};
  std::string merges = "#version: 0.2\na b\nĠ ab\nÃ ©\n";
  std::string config = R"({"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": {
      "259": {"content": "<s>", "special": true},
      "260": {"content": "<t>", "lstrip": true, "normalized": false}}})";

  moe::Tokenizer open() const {
    const TemporaryDirectory directory;
    directory.write("vocab.json", tiny.vocab());
    directory.write("merges.txt", merges);
    directory.write("tokenizer_config.json", config);
    return moe::Tokenizer(directory.path());
  }
};

}  // namespace

TEST_CASE("tokenizer files: vocab.json, merges.txt and tokenizer_config.json make a tokenizer of Qwen2") {
  const moe::Tokenizer tokenizer = ThreeFiles().open();
  CHECK(tokenizer.encode("ab ab <t>e\u0301") == Ids{256, 257, 260, 258});
  CHECK(tokenizer.encode("<s>") == Ids{259});
  CHECK(tokenizer.is_special(259));
  CHECK_FALSE(tokenizer.is_special(260));
  CHECK(tokenizer.decode(Ids{256, 257, 259, 260}, true) == "ab ab<t>");
}

// Source: __init__ of PreTrainedTokenizer in transformers.
TEST_CASE("tokenizer files: special tokens of tokenizer_config.json are added tokens beside vocab.json too") {
  ThreeFiles files;
  files.config = R"({"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<e>", "pad_token": "ab",
      "added_tokens_decoder": {"259": {"content": "<s>", "special": true}}})";
  const moe::Tokenizer tokenizer = files.open();
  CHECK(tokenizer.encode("c<e><s>cab") == Ids{'c', 260, 259, 'c', 256});
  CHECK(tokenizer.is_special(256));
  CHECK(tokenizer.is_special(260));
}

TEST_CASE("tokenizer files: Qwen2TokenizerFast means Qwen2Tokenizer, and add_prefix_space is read") {
  ThreeFiles files;
  files.config = R"({"tokenizer_class": "Qwen2TokenizerFast", "add_prefix_space": true})";
  CHECK(files.open().encode("ab") == Ids{257});
}

TEST_CASE("tokenizer files: merges.txt may lack its version, and have blank lines and CRLF") {
  ThreeFiles files;
  for (const char* const merges : {"a b\nĠ ab\nÃ ©", "#version: 0.2\r\na b\r\n\r\nĠ ab\r\nÃ ©\r\n"}) {
    files.merges = merges;
    CHECK(files.open().encode(" ab") == Ids{257});
  }
}

TEST_CASE("tokenizer files: an error about merges.txt names the line") {
  ThreeFiles files;
  const auto refused = [&](const char* merges, std::initializer_list<std::string_view> message) {
    files.merges = merges;
    check_error([&] { files.open(); }, message);
  };
  refused("#version: 0.2\na b\nab", {"merges.txt", "line 3", "\"ab\""});
  refused("a b c\n", {"merges.txt", "line 1", "one space"});
  refused("a b\n\na c\n", {"merges.txt", "line 3", "vocabulary", "a c"});
  refused("a b\n#version: 0.2\n", {"merges.txt", "line 2"});
  refused("a b\n a\n", {"merges.txt", "line 2"});
}

TEST_CASE("tokenizer files: an error about an unsupported class names the class") {
  ThreeFiles files;
  files.config = R"({"tokenizer_class": "LlamaTokenizer"})";
  check_error([&] { files.open(); }, {"tokenizer_config.json", "$.tokenizer_class", "LlamaTokenizer"});
  files.config = "{}";
  check_error([&] { files.open(); }, {"tokenizer_config.json", "tokenizer_class"});
}

// Source: __init__ of PreTrainedTokenizerFast in transformers.
TEST_CASE("tokenizer files: special tokens that only tokenizer_config.json names are added tokens") {
  const TemporaryDirectory directory;
  directory.write("tokenizer.json", TinyTokenizer{.merges = {{"a", "b"}}}.json());
  directory.write("tokenizer_config.json",
                  R"({"eos_token": "<e>", "bos_token": {"content": "<b>"}, "pad_token": "ab",
      "additional_special_tokens": ["<e>", "<x>"],
      "added_tokens_decoder": {"300": {"content": "<x>", "special": false}}})");
  const moe::Tokenizer tokenizer(directory.path());
  CHECK(tokenizer.encode("<b>a<e><x>") == Ids{301, 'a', 302, 300});
  CHECK(tokenizer.encode("cabc") == Ids{'c', 256, 'c'});
  for (const moe::TokenId id : {256u, 300u, 301u, 302u}) CHECK(tokenizer.is_special(id));
}

TEST_CASE("tokenizer files: a tokenizer of another format is named") {
  const TemporaryDirectory directory;
  directory.write("tiktoken.model", "");
  check_error([&] { moe::Tokenizer(directory.path()); }, {"tokenizer.json", "only tiktoken.model"});
}

TEST_CASE("tokenizer files: ids of added tokens must be numbers") {
  ThreeFiles files;
  for (const char* const id : {"", "x", "25x", "-1", "4294967296"}) {
    files.config = R"({"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": {")" + std::string(id) +
                   R"(": {"content": "<s>"}}})";
    check_error([&] { files.open(); }, {"$.added_tokens_decoder", "id"});
  }
}

TEST_CASE("tokenizer files: an added token is normalized by default unless it is special") {
  ThreeFiles files;
  files.config = R"({"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": {
      "259": {"content": "\u212b", "special": true}, "260": {"content": "\u2126"}}})";
  const moe::Tokenizer tokenizer = files.open();
  CHECK(tokenizer.encode("\u03a9\u212b") == Ids{260, 259});
  CHECK(tokenizer.encode("\u00c5") == Ids{0xc3, 0x85});
}

TEST_CASE("tokenizer files: tokenizer.json comes before the other files") {
  const TemporaryDirectory directory;
  directory.write("vocab.json", "broken");
  directory.write("tokenizer.json", TinyTokenizer{}.json());
  CHECK(moe::Tokenizer(directory.path()).encode("a") == Ids{'a'});
}

TEST_CASE("tokenizer files: an error about a missing file names the file") {
  const TemporaryDirectory directory;
  check_error([&] { moe::Tokenizer{directory.path()}; },
              {directory.path(), "tokenizer.json; or vocab.json, merges.txt and tokenizer_config.json",
               "found none"});
  check_error([&] { moe::Tokenizer{directory / "tokenizer.json"}; }, {"tokenizer.json", "readable file"});
  directory.write("vocab.json", "{}");
  check_error([&] { moe::Tokenizer{directory.path()}; }, {"tokenizer_config.json", "readable file"});
}

TEST_CASE("tokenizer files: added_tokens_decoder adds tokens to tokenizer.json and replaces their flags") {
  const TemporaryDirectory directory;
  const TinyTokenizer tiny{.added_tokens =
                               added_token(256, "<s>") + ", " + added_token(257, "<t>", "special")};
  const std::string json = directory.write("tokenizer.json", tiny.json());
  directory.write("tokenizer_config.json", R"({"added_tokens_decoder": {
      "256": {"content": "<s>", "special": true}, "300": {"content": "<tool>", "rstrip": true}}})");
  const moe::Tokenizer tokenizer(directory.path());
  CHECK(tokenizer.encode("a<s><t><tool> b") == Ids{'a', 256, 257, 300, 'b'});
  CHECK(tokenizer.is_special(256));
  CHECK(tokenizer.is_special(257));
  CHECK_FALSE(tokenizer.is_special(300));
  CHECK(moe::Tokenizer(json).encode("<tool>").size() == 6);  // the file alone
}

TEST_CASE("tokenizer files: added_tokens.json is read if there is no added_tokens_decoder") {
  const TemporaryDirectory directory;
  directory.write("tokenizer.json", TinyTokenizer{}.json());
  directory.write("added_tokens.json", R"({"<a>": 256, "<b>": 257, "<c>": 258, "\u2126": 259})");
  CHECK(moe::Tokenizer(directory.path()).encode("<a><b>\u03a9") == Ids{256, 257, 259});
  directory.write(
      "tokenizer_config.json",
      R"({"eos_token": "<a>", "pad_token": {"content": "<b>"}, "additional_special_tokens": ["<c>"]})");
  const moe::Tokenizer tokenizer(directory.path());
  for (const moe::TokenId id : {256u, 257u, 258u}) CHECK(tokenizer.is_special(id));
  CHECK_FALSE(tokenizer.is_special(259));
  directory.write("tokenizer_config.json", R"({"added_tokens_decoder": {}})");
  CHECK(moe::Tokenizer(directory.path()).encode("<a>").size() == 3);
}

TEST_CASE("tokenizer files: two ids of one added token are an error") {
  const TemporaryDirectory directory;
  directory.write("tokenizer.json", TinyTokenizer{.added_tokens = added_token(256, "<s>")}.json());
  directory.write("tokenizer_config.json", R"({"added_tokens_decoder": {"257": {"content": "<s>"}}})");
  check_error([&] { moe::Tokenizer{directory.path()}; }, {"\"<s>\"", "one added token", "two"});
}
