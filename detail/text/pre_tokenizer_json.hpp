// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "split_step.hpp"

#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Reads the pre-tokenizer of a tokenizer.json with a byte-level model: a ByteLevel, or a Sequence of ByteLevel and any of Split,
/// Digits, Punctuation, Whitespace, WhitespaceSplit and CharDelimiterSplit. Throws an Error about any other step. `name` is the
/// name of the file, for errors about regular expressions.
PreTokenizer read_byte_level_pre_tokenizer(const Json& pre_tokenizer, std::string_view name);

/// Reads the step Split of a Sequence. `name` is the name of the file, for errors.
SplitStep read_split(const Json& split, std::string_view name);

/// Reads a pre-tokenizer beside a normalizer that writes spaces as ▁: a Split at a fixed text, Digits, or a Sequence of such
/// steps. The result cuts texts with a space in place of each ▁. `name` is the name of the file, for errors.
std::vector<SplitStep> read_metaspaced_steps(const Json& pre_tokenizer, std::string_view name);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "pre_tokenizer_json.ipp"
#endif
