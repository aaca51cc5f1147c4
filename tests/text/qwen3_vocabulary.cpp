// SPDX-License-Identifier: MIT
// Compares with Hugging Face's tokenizers on the vocabulary of Qwen3, in MOE_TEST_DATA.
#include "detail/core/token.hpp"
#include "detail/text/chat_message.hpp"
#include "detail/text/known_control_tokens.hpp"
#include "detail/text/tokenizer.hpp"
#include "detail/text/chat_template.hpp"
#include "detail/text/streaming_decoder.hpp"
#include "support/gguf_vocabulary.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

using moe::TokenId;
using Ids = std::vector<TokenId>;

namespace {

const moe::Tokenizer& qwen3_tokenizer(const std::string& folder) {
  static const moe::Tokenizer tokenizer(folder);
  return tokenizer;
}

/// Calls f with each line that is a JSON object. Returns the number of these lines.
template <class F>
std::size_t for_each_object(const std::string& path, F f) {
  std::size_t count = 0;
  std::string line;
  for (std::ifstream file(path); std::getline(file, line);) {
    if (!line.starts_with("{\"") || !line.ends_with('}')) continue;
    const moe::JsonDocument document(line, path);
    f(document.root());
    ++count;
  }
  return count;
}

Ids read_ids(const moe::Json& json) {
  Ids ids;
  for (const moe::Json id : json) ids.push_back(static_cast<TokenId>(id.as_u64()));
  return ids;
}

}  // namespace

TEST_SUITE_BEGIN("real-data");

TEST_CASE("qwen3: texts and ids equal the results of Hugging Face's tokenizers") {
  const auto folder = test_data("qwen3"), vectors = test_data("vectors/qwen3.jsonl");
  if (!folder || !vectors) return;
  const moe::Tokenizer& tokenizer = qwen3_tokenizer(*folder);
  const std::size_t count = for_each_object(*vectors, [&](const moe::Json& expected) {
    const Ids ids = read_ids(expected.at("ids"));
    CAPTURE(expected.at("text").as_string());
    CHECK(tokenizer.encode(expected.at("text").as_string()) == ids);
    CHECK(tokenizer.decode(ids) == expected.at("decoded").as_string());
    CHECK(tokenizer.decode(ids, true) == expected.at("decoded_skip_special").as_string());
  });
  CHECK(count > 90);
}

TEST_CASE("qwen3: a GGUF file with the same vocabulary makes the same ids and texts") {
  const auto folder = test_data("qwen3"), vectors = test_data("vectors/qwen3.jsonl");
  if (!folder || !vectors) return;
  const TemporaryDirectory directory;
  GgufBuilder file;
  GgufVocabulary::of(*folder + "/tokenizer.json", 151936)
      .add_to(file);  // the embedding has more rows than there are tokens
  const moe::Tokenizer tokenizer(directory.write("qwen3.gguf", file.file())),
      &original = qwen3_tokenizer(*folder);
  CHECK(tokenizer.size() == original.size());
  for_each_object(*vectors, [&](const moe::Json& expected) {
    const Ids ids = read_ids(expected.at("ids"));
    CAPTURE(expected.at("text").as_string());
    CHECK(tokenizer.encode(expected.at("text").as_string()) == ids);
    CHECK(tokenizer.decode(ids) == expected.at("decoded").as_string());
    CHECK(tokenizer.decode(ids, true) == expected.at("decoded_skip_special").as_string());
  });
  for (TokenId id = 0; id < 151936; ++id) {
    REQUIRE(tokenizer.bytes(id) == original.bytes(id));
    // tokenizer.json counts the tokens for filling in the middle as text; in GGUF files they are control tokens.
    const bool special = original.is_special(id) || moe::detail::is_known_control(original.bytes(id), false);
    REQUIRE(tokenizer.is_special(id) == special);
  }
}

TEST_CASE("qwen3: streaming makes the texts of decode()") {
  const auto folder = test_data("qwen3"), vectors = test_data("vectors/qwen3.jsonl");
  if (!folder || !vectors) return;
  for_each_object(*vectors, [&](const moe::Json& expected) {
    moe::StreamingDecoder decoder(qwen3_tokenizer(*folder));
    std::string text;
    for (const TokenId id : read_ids(expected.at("ids"))) text += decoder.push(id);
    CHECK(text + decoder.finish() == expected.at("decoded").as_string());
  });
}

TEST_CASE("qwen3: white space, normalization, contractions and special tokens have the right ids") {
  const auto folder = test_data("qwen3");
  if (!folder) return;
  const moe::Tokenizer& tokenizer = qwen3_tokenizer(*folder);
  CHECK(tokenizer.encode("a  b   c") == Ids{64, 220, 293, 256, 272});
  CHECK(tokenizer.encode(" \n\n x") == Ids{4710, 856});
  CHECK(tokenizer.encode("\u212b\u2126") == Ids{144044, 144572});
  CHECK(tokenizer.encode("e\u0301") == Ids{963});
  CHECK(tokenizer.encode("'ſab") == Ids{6, 144815, 370});
  CHECK(tokenizer.encode("<think>\n\n</think>\n\n") == Ids{151667, 271, 151668, 271});
  CHECK(tokenizer.encode("\u0085") == Ids{126, 227});
  CHECK(tokenizer.encode("\u2028") == Ids{378, 101});
  CHECK(tokenizer.encode("<|im_end|><|im_end|>") == Ids{151645, 151645});
  CHECK(tokenizer.size() == 151669);
  CHECK(tokenizer.decode(Ids{151669, 151935}).empty());
}

TEST_CASE("qwen3: runs of a million bytes are encoded in O(n log n)") {
  const auto folder = test_data("qwen3");
  if (!folder) return;
  for (const char* const unit : {" ", "a", "中", "1", "\n", "\u0301", "!", "<|im_", "\xff"}) {
    std::string run;
    while (run.size() < 1'000'000) run += unit;
    CHECK(qwen3_tokenizer(*folder).decode(qwen3_tokenizer(*folder).encode(run)).size() >= run.size());
  }
}

TEST_CASE("qwen3: conversations are rendered as by the checkpoint's template") {
  const auto folder = test_data("qwen3"), vectors = test_data("vectors/chat_qwen3.jsonl");
  if (!folder || !vectors) return;
  const moe::ChatTemplate chat(*folder);
  const std::size_t count = for_each_object(*vectors, [&](const moe::Json& expected) {
    CHECK(chat.render(expected.at("messages"), moe::detail::read_chat_options(expected.at("options"))) ==
          expected.at("text").as_string());
  });
  CHECK(count >= 30);
}

TEST_SUITE_END();
