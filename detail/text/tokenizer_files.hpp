// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "tokenizer_parts.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// The path of a checkpoint's tokenizer, for read_tokenizer(): a tokenizer.json, a GGUF file, or the directory of a vocab.json;
/// empty if there is none. `path`: the checkpoint's directory or a file in it. If `path` is a GGUF file with a tokenizer, this
/// tokenizer takes precedence over the files in the directory. Otherwise tokenizer.json takes precedence over vocab.json, and,
/// if `path` is a directory, vocab.json over a GGUF file; if `path` is a file, other GGUF files are not read.
std::string find_tokenizer(const std::string& path);

/// Reads the tokenizer of a checkpoint. `path`: a tokenizer.json, which is read without the files beside it; or the path of a
/// checkpoint (its directory, or a GGUF or safetensors file in the directory), where find_tokenizer() looks for the tokenizer.
/// Throws if there is no tokenizer, or if anything in the files is not supported.
TokenizerParts read_tokenizer(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tokenizer_files.ipp"
#endif
