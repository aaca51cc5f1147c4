// SPDX-License-Identifier: MIT
#pragma once
#include "detail/io/file.hpp"
#include "detail/io/json.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/check_message.hpp"
#include "support/gguf_builder.hpp"
#include "support/temporary_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// A byte-level tokenizer in the form of GGUF metadata.
struct GgufVocabulary {
  std::vector<std::string> tokens, merges;
  std::vector<std::int32_t> types;

  /// The vocabulary of a tokenizer.json, filled up to `size` tokens as converters do.
  static GgufVocabulary of(const std::string& tokenizer_json, std::size_t size) {
    const moe::JsonDocument document(moe::detail::read_text(tokenizer_json), tokenizer_json);
    const moe::Json root = document.root(), model = root.at("model");
    GgufVocabulary out;
    for (std::size_t id = 0; id < size; ++id) out.tokens.push_back("[PAD" + std::to_string(id) + "]");
    out.types.assign(size, 5);
    const auto set = [&](const moe::Json& id, std::string_view text, std::int32_t type) {
      out.tokens.at(id.as_u64()) = text;
      out.types.at(id.as_u64()) = type;
    };
    for (const moe::Json token : model.at("vocab")) set(token, token.key(), 1);
    for (const moe::Json token : root.at("added_tokens"))
      set(token.at("id"), token.at("content").as_string(), token.at("special").as_bool() ? 3 : 4);
    for (const moe::Json merge : model.at("merges")) {
      if (merge.is_string()) {
        out.merges.emplace_back(merge.as_string());
      } else {
        const moe::Json left = *merge.begin(), right = *++merge.begin();
        out.merges.push_back(std::string(left.as_string()) + ' ' + std::string(right.as_string()));
      }
    }
    return out;
  }

  GgufBuilder& add_to(GgufBuilder& file, std::string_view pre = "qwen2") const {
    file.value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", pre);
    file.array("tokenizer.ggml.tokens", tokens).array("tokenizer.ggml.token_type", 5, types);
    return file.array("tokenizer.ggml.merges", merges);
  }
};

/// The tokenizer of a GGUF file.
inline moe::Tokenizer open_tokenizer(const GgufBuilder& file) {
  const TemporaryDirectory directory;
  return moe::Tokenizer(directory.write("x.gguf", file.file()));
}

inline void check_tokenizer_refused(const GgufBuilder& file, std::initializer_list<std::string_view> parts) {
  check_error([&] { return open_tokenizer(file); }, parts);
}
