// SPDX-License-Identifier: MIT
// A tokenizer whose vocabulary is the 256 bytes.
#pragma once
#include <moe.hpp>

#include "detail/core/utf8.hpp"
#include "detail/extract/gguf_writer.hpp"
#include "detail/text/notation.hpp"
#include "detail/text/pre_tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// The texts of the tokens.
inline std::vector<std::string> byte_tokens() {
  std::vector<std::string> out(256);
  for (std::size_t byte = 0; byte < out.size(); ++byte)
    moe::detail::append_utf8(out[byte], moe::detail::byte_alphabet.character[byte]);
  return out;
}

/// Writes tokenizer.json.
inline void write_tokenizer(const std::string& directory) {
  const std::vector<std::string> tokens = byte_tokens();
  std::string vocabulary;
  for (std::size_t id = 0; id < tokens.size(); ++id)
    vocabulary += (id == 0 ? "" : ", ") + moe::detail::to_json(tokens[id]) + ": " + std::to_string(id);
  moe::detail::write_text(
      directory + "/tokenizer.json",
      R"({"version": "1.0", "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [)"
      R"({"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex": )" +
          moe::detail::to_json(moe::detail::qwen2_pattern.regex) +
          R"(}}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}, "decoder": {"type": "ByteLevel"}, )"
          R"("model": {"type": "BPE", "vocab": {)" +
          vocabulary + "}, \"merges\": []}}\n");
}

/// Writes this tokenizer as metadata of a GGUF file. Every row of the embedding has a token: rows above 255 have unused tokens.
inline void describe_tokenizer(moe::detail::GgufWriter& file, std::uint32_t vocabulary) {
  constexpr std::int32_t normal = 1, unused = 5;
  std::vector<std::string> tokens = byte_tokens();
  std::vector<std::int32_t> types(tokens.size(), normal);
  types.resize(vocabulary, unused);
  while (tokens.size() < vocabulary) tokens.push_back("[unused" + std::to_string(tokens.size()) + ']');
  file.set("tokenizer.ggml.model", "gpt2");
  file.set("tokenizer.ggml.pre", "qwen2");
  file.set("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
  file.set("tokenizer.ggml.token_type", std::span<const std::int32_t>(types));
  file.set("tokenizer.ggml.merges", std::span<const std::string>());
  file.set("tokenizer.ggml.add_bos_token", false);
}
