// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../io/json.hpp"
#include "tokenizer_parts.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// An added token as tokenizer.json and tokenizer_config.json describe it. Members may be missing.
AddedToken read_added_token(const Json& token, TokenId id);

/// Reads a tokenizer.json, the format of Hugging Face's tokenizers, for byte-level BPE or SentencePiece. Throws if the file has
/// anything else that would change the tokens. Ignores `truncation` and `padding`, as transformers does.
TokenizerParts read_tokenizer_json(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tokenizer_json.ipp"
#endif
