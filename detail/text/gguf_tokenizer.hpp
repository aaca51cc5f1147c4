// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "tokenizer_parts.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// Reads the tokenizer of a GGUF file, `tokenizer.ggml.*`: byte-level BPE or SentencePiece. Throws if the file has no tokenizer,
/// or a tokenizer of another kind.
/// Source: llama-vocab.cpp of llama.cpp, and the tokenizers of Hugging Face that such files are made from.
TokenizerParts read_gguf_tokenizer(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_tokenizer.ipp"
#endif
