// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "tokenizer_parts.hpp"

#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Whether a pre-tokenizer or a decoder is a Metaspace. `part`: nothing, or a part of a tokenizer.json.
bool is_metaspace(const Json& part);

/// Whether a decoder writes tokens of bytes as their names, such as `<0x0A>`: any decoder without ByteFallback.
bool names_bytes(const Json& decoder);

/// Reads the steps around a model with byte_fallback, with a Metaspace or without a pre-tokenizer in a tokenizer.json, such as
/// Llama 2's, Mixtral's and Gemma's: SentencePiece in terms of Hugging Face's tokenizers. Throws if a step is not supported.
void read_sentence_piece(const Json& root, TokenizerParts& parts);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "sentence_piece_json.ipp"
#endif
