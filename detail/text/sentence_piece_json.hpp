// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "tokenizer_parts.hpp"

#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Whether a step of a tokenizer.json, "pre_tokenizer" or "decoder", is a Metaspace.
bool has_metaspace(const Json& root, std::string_view step);

/// Reads the steps around a model with byte_fallback or a Metaspace in a tokenizer.json, such as Llama 2's, Mixtral's and Gemma's:
/// SentencePiece in terms of Hugging Face's tokenizers. Throws if a step is not supported.
void read_sentence_piece(const Json& root, TokenizerParts& parts);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "sentence_piece_json.ipp"
#endif
