// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// The limits of generation_config.json on the end of a text, as transformers' generate() reads this file. The largest numbers
// of tokens and seconds (max_length, max_new_tokens, max_time) are left to the caller.

/// The least number of tokens to generate after a prompt of `prompt_tokens` tokens: min_new_tokens if the file states it,
/// otherwise min_length minus the prompt, at least 0. 0 if the file states neither.
std::size_t read_min_tokens(const Checkpoint& checkpoint, std::size_t prompt_tokens);

/// The texts of stop_strings, a text or a list of texts. Throws if the value has another type, or if one of the texts is empty.
std::vector<std::string> read_stop_strings(const Checkpoint& checkpoint);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "text_limits.ipp"
#endif
