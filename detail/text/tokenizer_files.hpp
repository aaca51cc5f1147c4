// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "tokenizer_parts.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// The path of a checkpoint's tokenizer, for read_tokenizer(): a tokenizer.json, a GGUF file, or the directory of a vocab.json;
/// empty if there is none. `path`: the checkpoint's directory or a file in it. If `path` is a GGUF file with a tokenizer, this
/// tokenizer takes precedence over the files in the directory. In a directory, tokenizer.json takes precedence over vocab.json,
/// and vocab.json over a GGUF file.
std::string find_tokenizer(const std::string& path);

/// Reads the tokenizer of a checkpoint. `path`: a tokenizer.json; or the checkpoint's directory, or a GGUF or safetensors file
/// in it, as in find_tokenizer(). Throws if anything in the files is not supported.
TokenizerParts read_tokenizer(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tokenizer_files.ipp"
#endif
