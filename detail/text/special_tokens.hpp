// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/file.hpp"
#include "../io/gguf_metadata.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The special tokens of a tokenizer: the role (bos_token, eos_token and so on) and the text of each. Templates use them as
/// variables.
using SpecialTokens = std::vector<std::pair<std::string, std::string>>;

/// The special tokens that tokenizer_config.json of a directory names, and the tokens that only special_tokens_map.json names.
/// A token is a text, or an object with a content. Throws if one of the files is not JSON.
SpecialTokens read_special_tokens(const std::string& directory);

/// The texts of the tokens whose ids the metadata of a GGUF file names.
SpecialTokens gguf_special_tokens(const File& file, const GgufMetadata& metadata);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "special_tokens.ipp"
#endif
