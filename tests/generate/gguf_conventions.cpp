// SPDX-License-Identifier: MIT
// Metadata and tokens of GGUF files that stand for a generation_config.json.
#include "detail/core/token.hpp"
#include "detail/generate/end_tokens.hpp"
#include "detail/generate/recommended_sampling.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/spec/model_spec.hpp"
#include "support/chat_tokenizer.hpp"
#include "support/check_message.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_model.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

moe::Checkpoint open_described(GgufBuilder& file) {
  const TemporaryDirectory directory;
  return moe::Checkpoint(directory.write("x.gguf", add_tensor(file, "output_norm.weight", {4}).file()));
}

moe::Sampling sampling_in_gguf(GgufBuilder& file) { return moe::detail::read_sampling(open_described(file)); }

/// The texts of the tokens that end a text of a GGUF file, if its metadata name none.
std::vector<std::string> known_ends(const std::vector<std::string>& special,
                                    const std::vector<std::string>& others = {}) {
  GgufBuilder file = gguf_model();
  const moe::Tokenizer tokenizer = chat_tokenizer(special, others);
  std::vector<std::string> out;
  for (const moe::EndToken& end :
       moe::detail::find_end_tokens(open_described(file), moe::ModelSpec(), &tokenizer)) {
    CHECK(end.source == moe::EndToken::Source::tokenizer);
    out.emplace_back(tokenizer.bytes(end.id));
  }
  return out;
}

using EndNames = std::vector<std::string>;

}  // namespace

TEST_CASE("gguf conventions: the recommended sampling is what the file states under general.sampling") {
  GgufBuilder qwen = gguf_model();
  qwen.value("general.sampling.top_k", 5, GgufBuilder::bytes_of(std::int32_t{20}));
  qwen.value("general.sampling.top_p", 0.95f).value("general.sampling.temp", 0.7f);
  qwen.value("general.sampling.min_p", 0.05f).value("general.sampling.penalty_repeat", 1.05f);
  const moe::Sampling stated = sampling_in_gguf(qwen);
  CHECK(stated.temperature == 0.7);  // the decimals of generation_config.json, not the f32 next to them
  CHECK(stated.top_k == 20);
  CHECK(stated.top_p == 0.95);
  CHECK(stated.min_p == 0.05);
  CHECK(stated.repetition_penalty == 1.05);
  GgufBuilder none = gguf_model();
  CHECK(sampling_in_gguf(none).temperature == 0);
}

TEST_CASE("gguf conventions: numbers that general.sampling omits have the defaults of Hugging Face") {
  GgufBuilder temperature = gguf_model();
  const moe::Sampling found = sampling_in_gguf(temperature.value("general.sampling.temp", 1e-7f));
  CHECK(found.temperature == static_cast<double>(1e-7f));
  CHECK(found.top_k == 50);
  CHECK(found.top_p == 1);
  CHECK(found.min_p == 0);
  GgufBuilder all_tokens = gguf_model();
  all_tokens.value("general.sampling.top_k", 5, GgufBuilder::bytes_of(std::int32_t{-1}));
  const moe::Sampling unlimited = sampling_in_gguf(all_tokens);
  CHECK(unlimited.temperature == 1);
  CHECK(unlimited.top_k == 0);
  GgufBuilder most = gguf_model();
  most.value("general.sampling.top_k", 5, GgufBuilder::bytes_of(std::int32_t{2147483647}));
  CHECK(sampling_in_gguf(most).top_k == 2147483647);
}

TEST_CASE(
    "gguf conventions: steps of drawing that the library lacks, and impossible numbers, are refused by "
    "name") {
  GgufBuilder off = gguf_model(), mirostat = gguf_model(), xtc = gguf_model(), top_p = gguf_model();
  off.value("general.sampling.mirostat", 5, GgufBuilder::bytes_of(std::int32_t{0}));
  CHECK(sampling_in_gguf(off).temperature == 0);
  mirostat.value("general.sampling.mirostat", 5, GgufBuilder::bytes_of(std::int32_t{2}));
  check_error([&] { return sampling_in_gguf(mirostat); }, {"general.sampling.mirostat", "lacks", "2"});
  xtc.value("general.sampling.xtc_probability", 0.5f);
  check_error([&] { return sampling_in_gguf(xtc); }, {"general.sampling.xtc_probability", "0.5"});
  top_p.value("general.sampling.top_p", 2.0f);
  check_error([&] { return sampling_in_gguf(top_p); }, {"general.sampling.top_p", "to 1", "2"});
}

TEST_CASE("gguf conventions: suppressed tokens are never drawn") {
  GgufBuilder file = gguf_model();
  file.array("tokenizer.ggml.suppress_tokens", 5, std::vector<std::int32_t>{2, 3, 1});
  file.array("tokenizer.ggml.tokens", {"<image|>", "<audio|>", "a"});
  CHECK(sampling_in_gguf(file).banned_tokens == std::vector<moe::TokenId>{2, 1});
}

TEST_CASE("gguf conventions: control tokens that end a text in every model are end tokens") {
  CHECK(known_ends({"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|fim_pad|>"}) ==
        EndNames{"<|im_end|>", "<|endoftext|>"});
  CHECK(known_ends({"<s>", "</s>"}) == EndNames{"</s>"});
  CHECK(known_ends({"]~b]", "[e~["}) == EndNames{"[e~["});
  CHECK(known_ends({}, {"</s>", "<|endoftext|>"}).empty());  // text
}

TEST_CASE("gguf conventions: a result of a tool, which Gemma 4 stores as text, ends a text") {
  CHECK(known_ends({"<eos>", "<turn|>"}, {"<|tool_response>", "</s>"}) ==
        EndNames{"<eos>", "<turn|>", "<|tool_response>"});
}

TEST_CASE("gguf conventions: in harmony and Solar, the token that ends a message does not end a text") {
  CHECK(known_ends({"<|end|>", "<|endoftext|>"}) == EndNames{"<|end|>", "<|endoftext|>"});
  CHECK(known_ends({"<|end|>", "<|return|>", "<|call|>"}) == EndNames{"<|return|>", "<|call|>"});
  CHECK(known_ends({"<|end|>", "<|flush|>", "<|calls|>"}) == EndNames{"<|flush|>", "<|calls|>"});
}
