#pragma once
#include "tokenizer_files.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "gguf_tokenizer.hpp"
#include "json_members.hpp"
#include "tokenizer_json.hpp"

#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE const TokenizerClass& read_tokenizer_class(const Json& name) {
  for (const TokenizerClass& known : tokenizer_classes)
    if (known.name == name.as_string()) return known;
  name.fail_here("a known class, such as \"Qwen2Tokenizer\"", concat('"', name.as_string(), '"'));
}

MOE_INLINE TokenId read_key_as_id(const Json& member) {
  TokenId id = 0;
  const std::string_view digits = member.key();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc() || end != digits.data() + digits.size())
    member.fail_here("the id of a token as name", concat('"', digits, '"'));
  return id;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE TokenizerParts read_vocabulary_files(const std::string& directory) {
  const std::string config_path = join_path(directory, "tokenizer_config.json");
  const std::string vocabulary_path = join_path(directory, "vocab.json");
  const std::string merges_path = join_path(directory, "merges.txt");
  const JsonDocument config(read_text(config_path), config_path);
  const JsonDocument vocabulary(read_text(vocabulary_path), vocabulary_path);

  const detail::TokenizerClass& known = detail::read_tokenizer_class(config.root().at("tokenizer_class"));
  TokenizerParts parts;
  parts.name = config_path;
  parts.vocabulary = detail::read_vocabulary(vocabulary.root());
  parts.merges = detail::read_merges(read_text(merges_path), parts.vocabulary, merges_path);
  parts.pattern = known.pattern;
  parts.nfc = known.nfc;
  parts.add_prefix_space = detail::find_flag(config.root(), "add_prefix_space", false);
  if (const Json tokens = detail::find_value(config.root(), "added_tokens_decoder"))
    for (const Json token : tokens.as_object())
      parts.added_tokens.push_back(detail::read_added_token(token, detail::read_key_as_id(token)));
  return parts;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE bool has_gguf_tokenizer(const std::string& path) {
  const GgufMetadata metadata = GgufParser(File(path)).parse().metadata;
  return metadata.find("tokenizer.ggml.model") && metadata.text("tokenizer.ggml.model") != "none";
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string find_tokenizer(const std::string& path) {
  const std::string file = is_directory(path) ? std::string() : detail::find_gguf(path);
  if (!file.empty() && detail::has_gguf_tokenizer(file)) return file;
  const std::string directory = is_directory(path) ? path : parent_directory(path);
  if (const std::string json = join_path(directory, "tokenizer.json"); is_file(json)) return json;
  if (is_file(join_path(directory, "vocab.json"))) return directory;
  if (!is_directory(path)) return {};
  const std::string model = detail::gguf_in_directory(directory);
  return !model.empty() && detail::has_gguf_tokenizer(model) ? model : std::string();
}

MOE_INLINE TokenizerParts read_tokenizer(const std::string& path) {
  const bool checkpoint =
      is_directory(path) || path.ends_with(".safetensors") || (is_file(path) && detail::is_gguf(path));
  const std::string found = checkpoint ? find_tokenizer(path) : path;
  if (found.empty())
    fail(path, "tokenizer", "tokenizer.json, or vocab.json with merges.txt, or a GGUF model with one",
         "none");
  if (is_directory(found)) return read_vocabulary_files(found);
  return is_file(found) && detail::is_gguf(found) ? read_gguf_tokenizer(found) : read_tokenizer_json(found);
}

}  // namespace moe::inline MOE_ABI::detail
