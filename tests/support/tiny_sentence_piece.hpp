// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/token.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/message_of.hpp"
#include "support/tiny_tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A small tokenizer.json in the form of Llama 2's file. The id of a token is its index in `vocabulary`.
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

inline moe::Tokenizer load(const TinySentencePiece& tiny) { return load(tiny.json()); }

/// Checks that the tiny tokenizer with `from` replaced by `to` is refused with a message that contains all parts.
inline void refuses_pieces(std::string_view from, std::string_view to,
                           std::initializer_list<std::string_view> parts) {
  std::string json = TinySentencePiece{}.json();
  const std::size_t at = json.find(from);
  REQUIRE(at != json.npos);
  check_error([&] { load(json.replace(at, from.size(), to)); }, parts);
}

// Parts of files without Prepend and without Strip, which neither add nor remove a space.
inline const std::string replace_only = R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})";
inline const std::string decoder_without_strip =
    R"({"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, )"
    R"({"type": "ByteFallback"}, {"type": "Fuse"}]})";
