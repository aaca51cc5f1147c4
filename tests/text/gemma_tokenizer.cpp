// SPDX-License-Identifier: MIT
// The tokenizer of Gemma 4, from tokenizer.json and from GGUF metadata, and as Hugging Face's tokenizers on the vectors in
// MOE_TEST_DATA.
#include "detail/io/json.hpp"
#include "detail/text/gguf_tokenizer.hpp"
#include "detail/text/streaming_decoder.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/check_message.hpp"
#include "support/gguf_builder.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

namespace {

/// The GGUF metadata of a small tokenizer. The id of a token is its index.
struct TinyGemma {
  std::vector<std::string> tokens = {"<pad>",  "<eos>", "<bos>", "<unk>", "<|think>", "<0xC3>",
                                     "<0xA9>", "▁",     "▁▁",    "\n",    "\n\n",     "\n\n\n",
                                     "a",      "b",     "▁a",    "ab",    "<0x41>",   "<table>"};
  std::vector<std::int32_t> types = {3, 1, 3, 2, 4, 6, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 6, 1};
  std::vector<std::string> merges = {"\n\n \n", "\n \n", "▁ ▁", "▁ a", "a b"};

  /// Without the keys about spaces and the token before a text.
  GgufBuilder file() const {
    GgufBuilder out;
    out.value("tokenizer.ggml.model", "gemma4").array("tokenizer.ggml.tokens", tokens);
    out.array("tokenizer.ggml.token_type", 5, types).array("tokenizer.ggml.merges", merges);
    return out.value("tokenizer.ggml.bos_token_id", 2u).value("tokenizer.ggml.unknown_token_id", 3u);
  }
};

moe::Tokenizer open_gemma(const GgufBuilder& file) {
  const TemporaryDirectory directory;
  return moe::Tokenizer(directory.write("x.gguf", file.file()));
}

Ids encode(const moe::Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.add_special_tokens = false});
}

Ids read_gemma_ids(const moe::Json& json) {
  Ids ids;
  for (const moe::Json id : json) ids.push_back(static_cast<TokenId>(id.as_u64()));
  return ids;
}

std::string stream(const moe::Tokenizer& tokenizer, const Ids& ids) {
  moe::StreamingDecoder decoder(tokenizer);
  std::string out;
  for (const TokenId id : ids) out += decoder.push(id);
  return out + decoder.finish();
}

/// Calls f with the JSON of each line of a file. Returns the number of lines.
std::size_t for_each_line(const std::string& path, const std::function<void(const moe::Json&)>& f) {
  std::size_t count = 0;
  std::string line;
  for (std::ifstream file(path); std::getline(file, line); ++count) {
    const moe::JsonDocument document(line, path);
    f(document.root());
  }
  return count;
}

}  // namespace

TEST_CASE("gemma tokenizer: parts of a text stay valid if spaces and NFC both change them") {
  const TemporaryDirectory directory;
  moe::detail::TokenizerParts parts =
      moe::detail::read_gguf_tokenizer(directory.write("x.gguf", TinyGemma().file().file()));
  parts.nfc = true;
  const moe::Tokenizer tokenizer(std::move(parts));
  std::string composed, decomposed;
  for (int i = 0; i < 50; ++i) {
    composed += "ab  a\u00e9<|think>";
    decomposed += "ab  ae\u0301<|think>";
  }
  CHECK(encode(tokenizer, decomposed) == encode(tokenizer, composed));
}

TEST_CASE("gemma tokenizer: the listed merges are done, over line breaks too") {
  const moe::Tokenizer tokenizer = open_gemma(TinyGemma().file());
  CHECK(encode(tokenizer, "a ab") == Ids{12, 14, 13});
  CHECK(encode(tokenizer, "  a") == Ids{8, 12});
  CHECK(encode(tokenizer, "\n\n\n\n\n") == Ids{11, 10});
  CHECK(encode(tokenizer, "a\nb") == Ids{12, 9, 13});
}

TEST_CASE("gemma tokenizer: no space is added or removed") {
  const moe::Tokenizer tokenizer = open_gemma(TinyGemma().file());
  CHECK(encode(tokenizer, "ab").size() == 1);
  CHECK(encode(tokenizer, "").empty());
  CHECK(tokenizer.decode(Ids{7, 15}) == " ab");
  CHECK_FALSE(tokenizer.adds_text_space());
}

TEST_CASE("gemma tokenizer: characters outside the vocabulary become bytes, or else the unknown token") {
  const moe::Tokenizer tokenizer = open_gemma(TinyGemma().file());
  CHECK(encode(tokenizer, "é") == Ids{5, 6});
  CHECK(encode(tokenizer, "xyab") == Ids{3, 15});
  CHECK(encode(tokenizer, "A") == Ids{16});
}

TEST_CASE("gemma tokenizer: the file's special tokens are found, and bos comes before every text") {
  const moe::Tokenizer tokenizer = open_gemma(TinyGemma().file());
  CHECK(tokenizer.encode("<bos>a<eos>") == Ids{2, 2, 12, 1});  // <eos> is normal in the file
  CHECK(tokenizer.decode(Ids{2, 12, 4, 1}, true) == "a<|think>");
  CHECK(tokenizer.encode("a") == Ids{2, 12});
  GgufBuilder without = TinyGemma().file();
  CHECK(open_gemma(without.value("tokenizer.ggml.add_bos_token", false)).encode("a") == Ids{2, 12});
}

TEST_CASE("gemma tokenizer: an error names the wrong key") {
  const auto refuses = [](const GgufBuilder& file, std::initializer_list<std::string_view> parts) {
    check_error([&] { open_gemma(file); }, parts);
  };
  refuses(TinyGemma().file().value("tokenizer.ggml.add_space_prefix", true),
          {"tokenizer.ggml.add_space_prefix", "false", "true"});
  TinyGemma tiny;
  tiny.merges.push_back("a a");
  refuses(tiny.file(), {"tokenizer.ggml.merges", "in the vocabulary"});
  GgufBuilder no_bos;
  no_bos.value("tokenizer.ggml.model", "gemma4").array("tokenizer.ggml.tokens", TinyGemma().tokens);
  no_bos.array("tokenizer.ggml.merges", std::vector<std::string>{});
  refuses(no_bos, {"tokenizer.ggml.bos_token_id"});
}

TEST_CASE("gemma tokenizer: merges that do not name two tokens are ignored with a warning") {
  for (const char* merge : {"ab", " a", "", "a zz"}) {  // a space that is the first byte does not split
    TinyGemma tiny;
    tiny.merges.push_back(merge);
    const moe::Tokenizer tokenizer = open_gemma(tiny.file());
    CHECK(encode(tokenizer, "ab") == Ids{15});
    REQUIRE(tokenizer.warnings().size() >= 1);
    CHECK(tokenizer.warnings().back().find("1 merges are ignored") != std::string::npos);
  }
}

// Source: llama.cpp reads such vocabularies by the name of their pre-tokenizer.
TEST_CASE("gemma tokenizer: some names with the model gpt2 mean a vocabulary like Gemma's") {
  for (const char* name : {"gemma4", "sarvam-moe", "granite-embed-multi-311m"}) {
    const TinyGemma tiny;
    GgufBuilder file;
    file.value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", name);
    file.array("tokenizer.ggml.tokens", tiny.tokens).array("tokenizer.ggml.token_type", 5, tiny.types);
    file.array("tokenizer.ggml.merges", tiny.merges).value("tokenizer.ggml.bos_token_id", 2u);
    CHECK(open_gemma(file).encode("ab a") == Ids{15, 14});  // no token before the text
    CHECK(open_gemma(file.value("tokenizer.ggml.add_bos_token", true)).encode("ab a") == Ids{2, 15, 14});
  }
}

TEST_SUITE_BEGIN("real-data");

TEST_CASE("gemma tokenizer: texts and ids equal the results of Hugging Face's tokenizers") {
  const auto folder = test_data("tokenizers/tokenizer-gemma-A");
  if (!folder) return;
  const moe::Tokenizer tokenizer(*folder), gguf(*test_data("tokenizers/tokenizer-gemma-A.gguf"));
  const std::size_t count = for_each_line(*folder + "/vectors.jsonl", [&](const moe::Json& expected) {
    const std::string_view text = expected.at("text").as_string();
    const Ids ids = read_gemma_ids(expected.at("ids"));
    CAPTURE(text);
    for (const moe::Tokenizer* each : {&tokenizer, &gguf}) {
      CHECK(encode(*each, text) == ids);
      Ids with_bos = ids;
      with_bos.insert(with_bos.begin(), 2);
      CHECK(each->encode(text) == with_bos);
      CHECK(each->decode(ids) == expected.at("decoded").as_string());
      CHECK(stream(*each, ids) == expected.at("decoded").as_string());
    }
    CHECK(tokenizer.decode(ids, true) == expected.at("decoded_skip_special").as_string());
  });
  CHECK(count >= 55);
}

TEST_CASE("gemma tokenizer: any ids are decoded as Hugging Face's tokenizers decode them") {
  const auto folder = test_data("tokenizers/tokenizer-gemma-A");
  if (!folder) return;
  const moe::Tokenizer tokenizer(*folder), gguf(*test_data("tokenizers/tokenizer-gemma-A.gguf"));
  const std::size_t count = for_each_line(*folder + "/decode.jsonl", [&](const moe::Json& expected) {
    const Ids ids = read_gemma_ids(expected.at("ids"));
    CAPTURE(expected.at("decoded").as_string());
    for (const moe::Tokenizer* each : {&tokenizer, &gguf}) {
      CHECK(each->decode(ids) == expected.at("decoded").as_string());
      CHECK(each->decode(ids, true) == expected.at("decoded_skip_special").as_string());
    }
  });
  CHECK(count >= 7);
}

TEST_SUITE_END();
