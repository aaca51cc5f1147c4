// SPDX-License-Identifier: MIT
#include "detail/text/chat_message.hpp"
#include "detail/text/gguf_pre_tokenizers.hpp"
#include "detail/text/chat_template.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_vocabulary.hpp"
#include "support/check_message.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

namespace {

/// A token for every byte, with the byte as id; then the merged tokens "ab" and " ab"; then a control token, a user-defined
/// token and an unused token.
GgufVocabulary bytes_and_more() {
  GgufVocabulary out;
  for (int byte = 0; byte < 256; ++byte)
    out.tokens.push_back(
        in_byte_alphabet(std::string(1, static_cast<char>(static_cast<unsigned char>(byte)))));
  for (const char* token : {"ab", "Ġab", "<s>", "<think>", "[PAD260]"}) out.tokens.push_back(token);
  out.types.assign(256, 1);
  for (const std::int32_t type : {1, 1, 3, 4, 5}) out.types.push_back(type);
  out.merges = {"a b", "Ġ ab"};
  return out;
}

GgufBuilder byte_level(std::string_view pre = "qwen2") {
  GgufBuilder file;
  bytes_and_more().add_to(file, pre);
  return file;
}

/// The tokenizer of byte_level() without one of the arrays.
GgufBuilder without(std::string_view key) {
  const GgufVocabulary all = bytes_and_more();
  GgufBuilder file;
  file.value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", "qwen2");
  if (key != "tokens") file.array("tokenizer.ggml.tokens", all.tokens);
  if (key != "token_type") file.array("tokenizer.ggml.token_type", 5, all.types);
  if (key != "merges") file.array("tokenizer.ggml.merges", all.merges);
  return file;
}

}  // namespace

TEST_CASE("gguf tokenizer: byte-level tokens and merges are read") {
  const moe::Tokenizer tokenizer = open_tokenizer(byte_level());
  CHECK(tokenizer.encode("ab ab") == Ids{256, 257});
  CHECK(tokenizer.encode("\xff") == Ids{255});
  CHECK(tokenizer.encode("x<s>ab<think>") == Ids{'x', 258, 256, 259});
  CHECK(tokenizer.is_special(258));
  CHECK_FALSE(tokenizer.is_special(259));
  CHECK(tokenizer.decode(Ids{256, 257, 258, 259}) == "ab ab<s><think>");
  CHECK(tokenizer.decode(Ids{257, 258, 259}, true) == " ab<think>");
}

TEST_CASE("gguf tokenizer: unused tokens that fill the vocabulary are left out") {
  const moe::Tokenizer tokenizer = open_tokenizer(byte_level());
  CHECK(tokenizer.size() == 260);
  CHECK(tokenizer.decode(Ids{260, 'a'}) == "a");
  CHECK(tokenizer.encode("[PAD260]").size() == 8);
}

TEST_CASE("gguf tokenizer: other unused tokens take part in merging") {
  GgufVocabulary all = bytes_and_more();
  all.types[256] = 5;
  GgufBuilder file;
  const moe::Tokenizer tokenizer = open_tokenizer(all.add_to(file));
  CHECK(tokenizer.encode("ab ab") == Ids{256, 257});
  CHECK(tokenizer.decode(Ids{256}) == "ab");
}

TEST_CASE("gguf tokenizer: without the name of a pre-tokenizer, the pattern is llama.cpp's default") {
  GgufBuilder file;
  file.value("tokenizer.ggml.model", "gpt2").array("tokenizer.ggml.tokens", bytes_and_more().tokens);
  file.array("tokenizer.ggml.merges", bytes_and_more().merges);
  const moe::Tokenizer tokenizer = open_tokenizer(file);
  CHECK(tokenizer.encode("ab ab") == Ids{256, 257});
  REQUIRE(tokenizer.warnings().size() == 1);
  CHECK(tokenizer.warnings()[0].find("the pre-tokenizer is \"default\"") != std::string::npos);
}

TEST_CASE("gguf tokenizer: merges that do not name two tokens are ignored with a warning") {
  for (const char* merge : {"Ġab", "Ġ a b", "ab ", "", "xx yy"}) {
    GgufVocabulary all = bytes_and_more();
    all.merges.insert(all.merges.begin(), merge);
    GgufBuilder file;
    const moe::Tokenizer tokenizer = open_tokenizer(all.add_to(file));
    CHECK(tokenizer.encode("ab ab") == Ids{256, 257});
    REQUIRE(tokenizer.warnings().size() == 1);
    CHECK(tokenizer.warnings()[0].find("1 merges are ignored") != std::string::npos);
  }
}

// Source: llama.cpp keeps the first rank of a pair, Hugging Face's tokenizers keep the last.
TEST_CASE("gguf tokenizer: of two equal merges, the first counts") {
  GgufVocabulary all = bytes_and_more();
  all.tokens.push_back("bb");
  all.types.push_back(1);
  all.merges = {"a b", "b b", "a b"};
  GgufBuilder file;
  CHECK(open_tokenizer(all.add_to(file, "gpt-2")).encode("abb") == Ids{256, 'b'});
}

TEST_CASE("gguf tokenizer: kimi-k2 may have no merges") {
  GgufBuilder file;
  file.value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", "kimi-k2");
  file.array("tokenizer.ggml.tokens", bytes_and_more().tokens);
  CHECK(open_tokenizer(file).encode("ab") == Ids{'a', 'b'});
}

// Source: llama.cpp sets these attributes by the name of the model.
TEST_CASE("gguf tokenizer: special tokens of Phi-3 take the white space behind them") {
  GgufVocabulary all = bytes_and_more();
  all.tokens.insert(all.tokens.end(), {"<|user|>", "<|endoftext|>"});
  all.types.insert(all.types.end(), {3, 3});
  for (const char* name : {"Phi-3.5-MoE-instruct", "phi3 mini"}) {
    GgufBuilder file;
    all.add_to(file).value("general.name", name);
    CHECK(open_tokenizer(file).encode("<|user|>\n a<think> \n<s> <|endoftext|> ") ==
          Ids{261, 'a', 259, 258, ' ', 262, ' '});
  }
  GgufBuilder other;
  all.add_to(other).value("general.name", "Phi-4");
  CHECK(open_tokenizer(other).encode("<|user|>\n") == Ids{261, '\n'});
}

TEST_CASE("gguf tokenizer: the mask of some Jina models takes the white space before it") {
  GgufVocabulary all = bytes_and_more();
  all.tokens.push_back("<mask>");
  all.types.push_back(3);
  GgufBuilder file, other;
  CHECK(open_tokenizer(all.add_to(file, "jina-v2-code")).encode("a <mask> <s>") == Ids{'a', 261, ' ', 258});
  CHECK(open_tokenizer(all.add_to(other, "jina-v1-en")).encode("a <mask>") == Ids{'a', ' ', 261});
}

TEST_CASE("gguf tokenizer: the name of the pre-tokenizer selects pattern and normalization") {
  CHECK(open_tokenizer(byte_level("qwen2")).encode("e\u0301") == Ids{0xc3, 0xa9});  // NFC
  CHECK(open_tokenizer(byte_level("gpt-2")).encode("e\u0301").size() == 3);
  CHECK(open_tokenizer(byte_level("glm4")).encode("ab") == Ids{256});
  for (const moe::detail::GgufPreTokenizer& known : moe::detail::gguf_pre_tokenizers) {
    GgufBuilder file = byte_level(std::string(known.name).c_str());
    file.value("tokenizer.ggml.add_bos_token", false);
    CHECK(open_tokenizer(file).encode("ab") == Ids{256});
  }
  check_tokenizer_refused(byte_level("no-such"),
                          {"x.gguf: key \"tokenizer.ggml.pre\"", "qwen2", "found \"no-such\""});
}

TEST_CASE("gguf tokenizer: the names of pre-tokenizers are different") {
  const auto& known = moe::detail::gguf_pre_tokenizers;
  for (std::size_t i = 0; i < known.size(); ++i)
    CHECK(moe::detail::find_gguf_pre_tokenizer(known[i].name) == &known[i]);
  CHECK(moe::detail::find_gguf_pre_tokenizer("") == nullptr);
}

TEST_CASE("gguf tokenizer: all names of one family have the pattern of the family") {
  const auto has = [](std::string_view name, const moe::detail::SplitPattern& pattern) {
    return moe::detail::find_gguf_pre_tokenizer(name)->pattern->first_piece == pattern.first_piece;
  };
  for (const char* name : {"lfm2", "pixtral", "dbrx", "glm4", "llama-bpe"})
    CHECK(has(name, moe::detail::llama3_pattern));
  for (const char* name : {"minimax-m2", "gpt-4o", "llama4"}) CHECK(has(name, moe::detail::o200k_pattern));
  for (const char* name : {"bailingmoe", "bailingmoe2", "hunyuan", "qwen2"})
    CHECK(has(name, moe::detail::qwen2_pattern));
  for (const char* name : {"refact", "starcoder", "command-r"})
    CHECK(has(name, moe::detail::starcoder_pattern));
}

TEST_CASE("gguf tokenizer: Llama 3 ignores merges for whole pieces and puts a token before every text") {
  GgufVocabulary all = bytes_and_more();
  all.tokens.push_back("xyz");
  all.types.push_back(1);
  for (const char* name : {"llama-bpe", "llama3", "lfm2", "pixtral", "tekken"}) {
    GgufBuilder file;
    all.add_to(file, name).value("tokenizer.ggml.bos_token_id", 258u);
    CHECK(open_tokenizer(file).encode("xyz") == Ids{258, 261});
    CHECK(open_tokenizer(file).encode("xyz", {.add_special_tokens = false}) == Ids{261});
    file.value("tokenizer.ggml.add_bos_token", false);
    CHECK(open_tokenizer(file).encode("xyz") == Ids{261});
  }
  GgufBuilder other;
  CHECK(open_tokenizer(all.add_to(other, "qwen2")).encode("xyz") == Ids{'x', 'y', 'z'});
  GgufBuilder dbrx;
  CHECK(open_tokenizer(all.add_to(dbrx, "dbrx")).encode("xyz") == Ids{'x', 'y', 'z'});
}

TEST_CASE("gguf tokenizer: the tokens before and after texts are read") {
  const auto ids = [](std::uint32_t bos, std::uint32_t eos) {
    GgufBuilder file = byte_level();
    file.value("tokenizer.ggml.bos_token_id", bos).value("tokenizer.ggml.eos_token_id", eos);
    return file;
  };
  CHECK(open_tokenizer(ids(258, 259)).encode("a") == Ids{'a'});
  GgufBuilder both = ids(258, 259);
  both.value("tokenizer.ggml.add_bos_token", true).value("tokenizer.ggml.add_eos_token", true);
  CHECK(open_tokenizer(both).encode("a") == Ids{258, 'a', 259});
  GgufBuilder nameless = byte_level(), unused = ids(260, 0), outside = ids(1000, 0), text = ids(258, 0);
  check_tokenizer_refused(nameless.value("tokenizer.ggml.add_bos_token", true),
                          {"bos_token_id", "to be there"});
  check_tokenizer_refused(outside.value("tokenizer.ggml.add_bos_token", true),
                          {"bos_token_id", "one of 261 tokens", "1000"});
  check_tokenizer_refused(unused.value("tokenizer.ggml.add_bos_token", true), {"before a text", "260"});
  check_tokenizer_refused(text.value("tokenizer.ggml.add_bos_token", "yes"), {"add_bos_token", "a boolean"});
}

TEST_CASE("gguf tokenizer: without types, all tokens are normal") {
  const moe::Tokenizer tokenizer = open_tokenizer(without("token_type"));
  CHECK(tokenizer.size() == 261);
  CHECK(tokenizer.encode("<s>") == Ids{'<', 's', '>'});
}

TEST_CASE("gguf tokenizer: numbers that are no types count as normal, and types without tokens are ignored") {
  GgufVocabulary all = bytes_and_more();
  all.types[256] = 0;
  all.types[257] = 7;
  all.types.push_back(3);
  GgufBuilder file;
  CHECK(open_tokenizer(all.add_to(file)).encode("ab ab") == Ids{256, 257});
}

TEST_CASE("gguf tokenizer: an error names the wrong key") {
  check_tokenizer_refused(without("tokens"), {"key \"tokenizer.ggml.tokens\"", "to be there"});
  check_tokenizer_refused(without("merges"), {"key \"tokenizer.ggml.merges\"", "to be there"});
  const auto with = [](auto change) {
    GgufVocabulary all = bytes_and_more();
    change(all);
    GgufBuilder file;
    all.add_to(file);
    return file;
  };
  check_tokenizer_refused(with([](auto& v) { v.types.pop_back(); }), {"token_type", "261 elements", "260"});
  check_tokenizer_refused(with([](auto& v) { v.tokens[256] = "a"; }),
                          {"tokens", "different tokens", "\"a\" twice"});
  check_tokenizer_refused(with([](auto& v) { v.tokens.clear(), v.types.clear(); }),
                          {"tokens", "at least one"});
  check_tokenizer_refused(with([](auto& v) { v.tokens[256].assign(65536, 'a'); }),
                          {"tokens", "65535", "65536"});
  check_tokenizer_refused(with([](auto& v) { v.merges[1] = "b a"; }),
                          {"merges", "in the vocabulary", "\"b a\""});
  check_tokenizer_refused(with([](auto& v) { v.tokens[259] = "<s>"; }), {"<s>"});
  check_tokenizer_refused(without("tokens").array("tokenizer.ggml.tokens", 5, std::vector<std::int32_t>{1}),
                          {"tokens", "an array of type string", "an array of type i32"});
  check_tokenizer_refused(without("token_type").value("tokenizer.ggml.token_type", 1u),
                          {"token_type", "an array", "u32"});
  check_tokenizer_refused(GgufBuilder().value("tokenizer.ggml.model", "bert"),
                          {"tokenizer.ggml.model", "gpt2, llama or gemma4", "\"bert\""});
  check_tokenizer_refused(GgufBuilder(), {"x.gguf: tokenizer", "found none"});
}

TEST_CASE("gguf tokenizer: known control tokens are special, even if the file gives them the type normal") {
  GgufVocabulary all = bytes_and_more();
  all.tokens.insert(all.tokens.end(), {"<|im_start|>", "<|im_end|>", "<|im_startx|>"});
  all.types.insert(all.types.end(), {1, 1, 1});
  GgufBuilder file;
  const moe::Tokenizer tokenizer = open_tokenizer(all.add_to(file));
  CHECK(tokenizer.encode("<|im_start|>ab<|im_end|>") == Ids{261, 256, 262});
  CHECK(tokenizer.is_special(261));
  CHECK(tokenizer.decode(Ids{261, 256, 262}, true) == "ab");
  CHECK_FALSE(tokenizer.is_special(263));
  CHECK(tokenizer.encode("<|im_startx|>").size() == 13);
  REQUIRE(tokenizer.warnings().size() == 2);
  CHECK(tokenizer.warnings()[0].find("token 261 <|im_start|> has the type 1") != std::string::npos);
}

// Source: llama.cpp overrides the types of end tokens.
TEST_CASE(
    "gguf tokenizer: end tokens are special whatever their type in the file; begins of turns may be text") {
  GgufVocabulary all = bytes_and_more();
  all.tokens.insert(all.tokens.end(), {"<|im_end|>", "<|im_start|>", "<|fim_prefix|>", "<|eot_id|>", "</s>"});
  all.types.insert(all.types.end(), {4, 4, 4, 5, 4});
  GgufBuilder file;
  const moe::Tokenizer tokenizer = open_tokenizer(all.add_to(file));
  CHECK(tokenizer.encode("<|im_end|><|im_start|><|fim_prefix|><|eot_id|></s>") ==
        Ids{261, 262, 263, 264, 265});
  for (const moe::TokenId id : {261u, 263u, 264u}) CHECK(tokenizer.is_special(id));
  for (const moe::TokenId id : {262u, 265u}) CHECK_FALSE(tokenizer.is_special(id));
  CHECK(tokenizer.warnings().size() == 3);
}

TEST_CASE("gguf tokenizer: empty tokens are left out") {
  GgufVocabulary all = bytes_and_more();
  all.tokens[256] = "";
  all.merges = {};
  GgufBuilder file;
  CHECK(open_tokenizer(all.add_to(file)).encode("ab") == Ids{'a', 'b'});
}

TEST_CASE("gguf tokenizer: a truncated file is an error, wherever it ends") {
  GgufVocabulary all;
  all.tokens = {"a", "b", "ab"};
  all.types = {1, 1, 1};
  all.merges = {"a b"};
  GgufBuilder file;
  all.add_to(file);
  const std::string bytes = file.head();
  const TemporaryDirectory directory;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(moe::Tokenizer(directory.write("x.gguf", bytes.substr(0, size))), moe::Error);
  }
  CHECK(moe::Tokenizer(directory.write("x.gguf", bytes)).encode("ab") == Ids{2});
}

// Qwen3's vocabulary has a token </s> that is text, as its tokenizer.json says.
TEST_CASE("gguf tokenizer: a normal </s> of a byte-level vocabulary is text") {
  GgufVocabulary all = bytes_and_more();
  all.tokens.push_back("</s>");
  all.types.push_back(1);
  GgufBuilder file;
  const moe::Tokenizer text = open_tokenizer(all.add_to(file));
  CHECK(text.encode("</s>") == Ids{'<', '/', 's', '>'});
  CHECK(text.decode(Ids{261}) == "</s>");
  CHECK_FALSE(text.is_special(261));
}

// ---- Where the tokenizer is found

TEST_CASE("gguf tokenizer: a GGUF file's own tokenizer comes first; in a directory, tokenizer.json does") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("model.gguf", byte_level("gpt-2").file());
  const Ids decomposed = moe::Tokenizer(file).encode("e\u0301");
  CHECK(decomposed.size() == 3);
  CHECK(moe::Tokenizer(directory.path()).encode("e\u0301") == decomposed);
  directory.write("tokenizer.json", TinyTokenizer{}.json());
  CHECK(moe::Tokenizer(file).encode("e\u0301").size() == 3);
  CHECK(moe::Tokenizer(directory.path()).encode("e\u0301").size() == 2);  // NFC
  const std::string bare = directory.write("bare.gguf", GgufBuilder().file());
  CHECK(moe::Tokenizer(bare).encode("e\u0301").size() == 2);
}

TEST_CASE(
    "gguf tokenizer: the first part of a split model and dense.gguf of an extraction have the tokenizer") {
  const TemporaryDirectory split;
  split.write("x-00001-of-00002.gguf", byte_level().file());
  split.write("x-00002-of-00002.gguf", GgufBuilder().file());
  CHECK(moe::Tokenizer(split.path()).encode("ab") == Ids{256});
  CHECK(moe::Tokenizer(split / "x-00002-of-00002.gguf").encode("ab") == Ids{256});
  const TemporaryDirectory extraction;
  extraction.write("dense.gguf", byte_level().file());
  extraction.write("experts.gguf", GgufBuilder().file());
  CHECK(moe::Tokenizer(extraction.path()).encode("ab") == Ids{256});
}

TEST_CASE("gguf tokenizer: two models in one directory are an error that names both") {
  const TemporaryDirectory directory;
  directory.write("a.gguf", byte_level().file());
  directory.write("mmproj-a.gguf", GgufBuilder().file());
  CHECK(moe::Tokenizer(directory.path()).encode("ab") == Ids{256});
  directory.write("b.gguf", byte_level().file());
  check_error([&] { moe::Tokenizer{directory.path()}; }, {"one GGUF model", "a.gguf", "b.gguf"});
}

TEST_CASE("gguf tokenizer: the chat template is read from the metadata") {
  const TemporaryDirectory directory;
  const auto write = [&](const char* text) {
    return directory.write("x.gguf", GgufBuilder().value("tokenizer.chat_template", text).file());
  };
  const moe::Message message{"user", "Hi"};
  const auto render = [&](const std::string& path) { return moe::ChatTemplate(path).render({&message, 1}); };
  const std::string file = write("<{{ messages[0].content }}>");
  CHECK(render(file) == "<Hi>");
  CHECK(render(directory.path()) == "<Hi>");
  check_message([&] { moe::ChatTemplate{write("{% do x %}")}; }, {"x.gguf: chat template: line 1", "'do'"});
  check_error([&] { moe::ChatTemplate{write("")}; }, {"chat template", "found none"});
  write("file");
  directory.write("chat_template.jinja", "directory");
  CHECK(render(directory.path()) == "directory");
  CHECK(render(file) == "file");
}
