// SPDX-License-Identifier: MIT
#pragma once
#include "tokenizer_files.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/token.hpp"
#include "../io/file.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "../io/json.hpp"
#include "bpe_files.hpp"
#include "gguf_tokenizer.hpp"
#include "json_members.hpp"
#include "tokenizer_json.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The parts of a tokenizer that vocab.json and merges.txt lack: a class of transformers adds these parts.
struct TokenizerClass {
  std::string_view name;
  const SplitPattern* pattern;
  bool nfc;
};

inline constexpr TokenizerClass tokenizer_classes[] = {
    {"Qwen2Tokenizer", &qwen2_pattern, true},
    {"Qwen2TokenizerFast", &qwen2_pattern, true},
    {"GPT2Tokenizer", &gpt2_pattern, false},
    {"GPT2TokenizerFast", &gpt2_pattern, false},
};

inline const TokenizerClass& read_tokenizer_class(const Json& name) {
  for (const TokenizerClass& known : tokenizer_classes)
    if (known.name == name.as_string()) return known;
  name.fail_here("Qwen2Tokenizer or GPT2Tokenizer, if there is no tokenizer.json",
                 concat('"', name.as_string(), '"'));
}

/// Reads the name of a member as an id.
inline TokenId read_key_as_id(const Json& member) {
  TokenId id = 0;
  const std::string_view digits = member.key();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc() || end != digits.data() + digits.size())
    member.fail_here("the id of a token as name", concat('"', digits, '"'));
  return id;
}

/// The tokens that tokenizer_config.json names as special, in the order of transformers: bos_token, eos_token and so on.
inline std::vector<std::string> named_special_tokens(const Json& config) {
  std::vector<std::string> names;
  std::set<std::string_view> known;  // views into the document
  const auto add = [&](const Json& token) {
    const Json content = token.is_object() ? find_value(token, "content") : token;
    if (!content || !content.is_string() || content.as_string().empty()) return;
    if (known.insert(content.as_string()).second) names.emplace_back(content.as_string());
  };
  for (const std::string_view key :
       {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"})
    if (const Json token = find_value(config, key)) add(token);
  if (const Json tokens = find_value(config, "additional_special_tokens"))
    for (const Json token : tokens) add(token);
  return names;
}

/// added_tokens.json: {"text": id, ...}.
inline std::vector<AddedToken> read_added_tokens_file(const std::string& path, const Json& config) {
  const std::vector<std::string> names = named_special_tokens(config);
  const std::set<std::string, std::less<>> special(names.begin(), names.end());
  const JsonDocument document(read_text(path), path);
  std::vector<AddedToken> tokens;
  for (const Json id : document.root().as_object()) {
    const auto number = static_cast<TokenId>(id.as_u64(std::numeric_limits<TokenId>::max()));
    const bool is_special = special.contains(id.key());
    tokens.push_back(
        {.id = number, .content = std::string(id.key()), .normalized = !is_special, .special = is_special});
  }
  return tokens;
}

/// The added tokens that files beside tokenizer.json list: added_tokens_decoder of tokenizer_config.json, or else
/// added_tokens.json. Source: _from_pretrained of PreTrainedTokenizerBase in transformers.
inline std::vector<AddedToken> read_configured_tokens(const std::string& directory, const Json& config) {
  std::vector<AddedToken> tokens;
  if (const Json decoder = find_value(config, "added_tokens_decoder")) {
    for (const Json token : decoder.as_object())
      tokens.push_back(read_added_token(token, read_key_as_id(token)));
    return tokens;
  }
  const std::string path = join_path(directory, "added_tokens.json");
  return is_file(path) ? read_added_tokens_file(path, config) : tokens;
}

/// Adds the special tokens that tokenizer_config.json names and that are no added tokens yet: a token of the vocabulary keeps
/// its id, and any other gets the next free id. Source: __init__ of PreTrainedTokenizerFast in transformers, add_tokens of
/// AddedVocabulary in Hugging Face's tokenizers.
inline void add_named_tokens(const Json& config, TokenizerParts& parts) {
  std::map<std::string, std::size_t> places;
  TokenId next = static_cast<TokenId>(parts.vocabulary.size());
  for (std::size_t i = 0; i < parts.added_tokens.size(); ++i) {
    places.emplace(parts.added_tokens[i].content, i);
    next = std::max(next, parts.added_tokens[i].id + 1);
  }
  for (const std::string& content : named_special_tokens(config)) {
    if (const auto place = places.find(content); place != places.end()) {
      parts.added_tokens[place->second].special = true;  // the other flags stay
      continue;
    }
    const std::optional<TokenId> known = parts.vocabulary.find_text(content);
    parts.added_tokens.push_back({.id = known ? *known : next++, .content = content, .special = true});
  }
}

/// Adds `tokens` to `added`. A token replaces an added token of the same id and content.
inline void add_or_replace(std::vector<AddedToken>& added, std::vector<AddedToken> tokens) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < added.size(); ++i) places.emplace(added[i].content, i);
  for (AddedToken& token : tokens) {
    const auto place = places.find(token.content);
    if (place != places.end() && added[place->second].id == token.id) {
      added[place->second] = std::move(token);
    } else {
      added.push_back(std::move(token));  // AddedVocabulary refuses two tokens with one content
    }
  }
}

/// Reads a tokenizer.json and, as transformers does, the added tokens of the other files of its directory.
inline TokenizerParts read_directory_json(const std::string& path) {
  TokenizerParts parts = read_tokenizer_json(path);
  const std::string directory = parent_directory(path);
  const std::string config_path = join_path(directory, "tokenizer_config.json");
  const std::string text = is_file(config_path) ? read_text(config_path) : "{}";
  const JsonDocument config(text, config_path);
  add_or_replace(parts.added_tokens, read_configured_tokens(directory, config.root()));
  add_named_tokens(config.root(), parts);
  return parts;
}

/// Reads the three files that replace a missing tokenizer.json: vocab.json, merges.txt, and tokenizer_config.json, where
/// tokenizer_class names a row of `tokenizer_classes`.
inline TokenizerParts read_vocabulary_files(const std::string& directory) {
  const std::string config_path = join_path(directory, "tokenizer_config.json");
  const std::string vocabulary_path = join_path(directory, "vocab.json");
  const std::string merges_path = join_path(directory, "merges.txt");
  const JsonDocument config(read_text(config_path), config_path);
  const JsonDocument vocabulary(read_text(vocabulary_path), vocabulary_path);

  const TokenizerClass& known = read_tokenizer_class(config.root().at("tokenizer_class"));
  TokenizerParts parts;
  parts.name = config_path;
  parts.vocabulary = read_vocabulary(vocabulary.root());
  parts.merges = read_merges(read_text(merges_path), parts.vocabulary, merges_path);
  parts.pre.steps = {{.pattern = known.pattern}};
  parts.nfc = known.nfc;
  parts.pre.steps[0].add_prefix_space = find_flag(config.root(), "add_prefix_space", false);
  parts.added_tokens = read_configured_tokens(directory, config.root());
  add_named_tokens(config.root(), parts);
  return parts;
}

inline bool has_gguf_tokenizer(const std::string& path) {
  const GgufMetadata metadata = parse_gguf(File(path)).metadata;
  return metadata.find("tokenizer.ggml.model") && metadata.text("tokenizer.ggml.model") != "none";
}

MOE_INLINE std::string find_tokenizer(const std::string& path) {
  const std::string file = is_directory(path) ? std::string() : find_gguf(path);
  if (!file.empty() && has_gguf_tokenizer(file)) return file;
  const std::string directory = is_directory(path) ? path : parent_directory(path);
  if (const std::string json = join_path(directory, "tokenizer.json"); is_file(json)) return json;
  if (is_file(join_path(directory, "vocab.json"))) return directory;
  if (!is_directory(path)) return {};
  const std::string model = gguf_in_directory(directory);
  return !model.empty() && has_gguf_tokenizer(model) ? model : std::string();
}

/// For an error message: names a file that holds a tokenizer in a format that is not supported; "none" if there is no such
/// file.
inline std::string unsupported_tokenizer(const std::string& directory) {
  for (const std::string_view name : {"tiktoken.model", "tokenizer.model", "tekken.json"})
    if (is_file(join_path(directory, std::string(name))))
      return concat("only ", name, ", which must be converted to tokenizer.json");
  return "none";
}

MOE_INLINE TokenizerParts read_tokenizer(const std::string& path) {
  const bool checkpoint = is_directory(path) || path.ends_with(".safetensors") || !find_gguf(path).empty();
  const std::string found = checkpoint ? find_tokenizer(path) : path;
  if (found.empty())
    fail(path, "tokenizer",
         "tokenizer.json; or vocab.json, merges.txt and tokenizer_config.json; or a GGUF model with a "
         "tokenizer",
         unsupported_tokenizer(is_directory(path) ? path : parent_directory(path)));
  if (is_directory(found)) return read_vocabulary_files(found);
  if (is_file(found) && is_gguf(found)) return read_gguf_tokenizer(found);
  return checkpoint ? read_directory_json(found) : read_tokenizer_json(found);
}

}  // namespace moe::inline MOE_ABI::detail
