// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "tokenizer_parts.hpp"

#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Whether a pre-tokenizer or a decoder is a Metaspace. `part`: nothing, or a part of a tokenizer.json.
bool is_metaspace(const Json& part);

/// Whether a decoder writes byte tokens as their names, such as `<0x0A>`: a Metaspace, or a Sequence without ByteFallback.
bool names_bytes(const Json& decoder);

/// Reads the normalizer, pre-tokenizer and decoder of a tokenizer.json that imitates SentencePiece, such as the files of Llama 2,
/// Mixtral and Gemma: the model has byte_fallback, or the pre-tokenizer is a Metaspace or missing. Throws if a step is not
/// supported.
void read_sentence_piece(const Json& root, TokenizerParts& parts);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "sentence_piece_json.ipp"
#endif
