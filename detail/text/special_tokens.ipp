// SPDX-License-Identifier: MIT
#pragma once
#include "special_tokens.hpp"
#include "../io/gguf_array.hpp"
#include "../io/json.hpp"
#include "json_members.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline constexpr std::string_view special_token_names[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                           "pad_token", "cls_token", "mask_token"};

/// The special tokens of a tokenizer_config.json or special_tokens_map.json: texts, or objects with a content.
inline void add_special_tokens(SpecialTokens& tokens, const std::string& path) {
  if (!is_file(path)) return;
  const JsonDocument document(read_text(path), path);
  for (const std::string_view name : special_token_names) {
    const Json token = find_value(document.root(), name);
    if (!token) continue;
    const Json content = token.is_object() ? token.at("content") : token;
    if (!content.is_string()) continue;
    const auto is_known = [&](const auto& known) { return known.first == name; };
    if (std::none_of(tokens.begin(), tokens.end(), is_known)) tokens.emplace_back(name, content.as_string());
  }
}

MOE_INLINE SpecialTokens read_special_tokens(const std::string& directory) {
  SpecialTokens tokens;
  add_special_tokens(tokens, join_path(directory, "tokenizer_config.json"));
  add_special_tokens(tokens, join_path(directory, "special_tokens_map.json"));
  return tokens;
}

MOE_INLINE SpecialTokens gguf_special_tokens(const File& file, const GgufMetadata& metadata) {
  constexpr std::pair<std::string_view, std::string_view> keys[] = {
      {"bos_token", "tokenizer.ggml.bos_token_id"},
      {"eos_token", "tokenizer.ggml.eos_token_id"},
      {"unk_token", "tokenizer.ggml.unknown_token_id"},
      {"pad_token", "tokenizer.ggml.padding_token_id"}};
  SpecialTokens found;
  if (!metadata.find("tokenizer.ggml.tokens")) return found;
  std::vector<std::pair<std::uint64_t, std::string_view>> wanted;
  for (const auto& [name, key] : keys)
    if (const auto id = metadata.whole(key)) wanted.emplace_back(*id, name);
  GgufArray tokens(file, metadata, "tokenizer.ggml.tokens", GgufType::string);
  std::uint64_t last = 0;
  for (const auto& [id, name] : wanted) last = std::max(last, id + 1);
  for (std::uint64_t i = 0; i < std::min(last, tokens.count()); ++i) {
    const std::string text = tokens.text(65535);
    for (const auto& [id, name] : wanted)
      if (id == i) found.emplace_back(name, text);
  }
  return found;
}

}  // namespace moe::inline MOE_ABI::detail
