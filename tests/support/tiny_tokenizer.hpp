// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/token.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/text/notation.hpp"
#include "detail/text/pre_tokenizer.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/temporary_directory.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using moe::detail::in_byte_alphabet;

/// A small tokenizer.json. The id of the token of a byte is that byte; the merges have the ids 256, 257...
struct TinyTokenizer {
  std::vector<std::pair<std::string, std::string>> merges = {};  // in raw bytes
  std::string added_tokens = "";                                 // elements, separated by commas
  std::string normalizer = R"({"type": "NFC"})";
  std::string add_prefix_space = "false";
  std::string post_processor = "null";
  std::string model_options = R"("unk_token": null)";

  std::string vocab() const {
    std::string out;
    std::size_t id = 0;
    const auto add = [&](const std::string& bytes) {
      out +=
          (id == 0 ? "" : ", ") + moe::detail::to_json(in_byte_alphabet(bytes)) + ": " + std::to_string(id);
      ++id;
    };
    for (int byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
    for (const auto& [left, right] : merges) add(left + right);
    return "{" + out + "}";
  }

  std::string merge_list() const {
    std::string out;
    for (const auto& [left, right] : merges)
      out += (out.empty() ? "[" : ", [") + moe::detail::to_json(in_byte_alphabet(left)) + ", " +
             moe::detail::to_json(in_byte_alphabet(right)) + "]";
    return "[" + out + "]";
  }

  std::string json() const {
    return R"({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [)" + added_tokens +
           R"(], "normalizer": )" + normalizer +
           R"(, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [)" +
           R"({"type": "Split", "pattern": {"Regex": )" +
           moe::detail::to_json(moe::detail::qwen2_pattern.regex) +
           R"(}, "behavior": "Isolated", "invert": false}, {"type": "ByteLevel", "add_prefix_space": )" +
           add_prefix_space + R"(, "trim_offsets": false, "use_regex": false}]}, "post_processor": )" +
           post_processor + R"(, "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", )" +
           model_options + R"(, "vocab": )" + vocab() + R"(, "merges": )" + merge_list() + "}}";
  }
};

/// An element of added_tokens. `flags` names the flags that are true: "lstrip special".
inline std::string added_token(moe::TokenId id, std::string_view content, std::string_view flags = "") {
  std::string out = R"({"id": )" + std::to_string(id) + R"(, "content": )" + moe::detail::to_json(content);
  for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized", "special"})
    out += std::string(", \"") + flag + "\": " + (flags.find(flag) == flags.npos ? "false" : "true");
  return out + "}";
}

inline moe::Tokenizer load(const std::string& json) {
  const TemporaryDirectory directory;
  return moe::Tokenizer(directory.write("tokenizer.json", json));
}
inline moe::Tokenizer load(const TinyTokenizer& tiny) { return load(tiny.json()); }
