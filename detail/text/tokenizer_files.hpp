#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../io/json.hpp"
#include "pre_tokenizer.hpp"
#include "tokenizer_parts.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// What a class of transformers adds to a vocabulary and merges.
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

const TokenizerClass& read_tokenizer_class(const Json& name);

/// A member's name that is an id.
TokenId read_key_as_id(const Json& member);

/// Reads the three files that stand for a tokenizer.json where it is missing: vocab.json, merges.txt, and
/// tokenizer_config.json, which names the class that knows the rest.
TokenizerParts read_vocabulary_files(const std::string& directory);

bool has_gguf_tokenizer(const std::string& path);

/// The tokenizer of a checkpoint, as read_tokenizer() takes it; empty if it has none. `path`: the checkpoint's directory
/// or a file in it. A GGUF file has its own before that of the directory; a directory has tokenizer.json before
/// vocab.json, and these before a GGUF file.
std::string find_tokenizer(const std::string& path);

/// Reads the tokenizer of a checkpoint. `path`: a tokenizer.json; or the checkpoint's directory, or a GGUF or
/// safetensors file in it, as in find_tokenizer(). Throws unless this library knows everything in it.
TokenizerParts read_tokenizer(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tokenizer_files.ipp"
#endif
