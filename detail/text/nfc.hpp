// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The text in Unicode's normalization form C, as Hugging Face's tokenizers compute it (data of Unicode 9.0). Invalid bytes
/// of UTF-8 stay as they are. The result is at most three times as long as the text. O(n log n).
/// Source: Unicode Standard Annex 15.
std::string nfc(std::string_view text);

/// True only if nfc(text) is the text itself; a fast test that succeeds for nearly all real texts. O(n), without allocation.
bool is_surely_nfc(std::string_view text);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "nfc.ipp"
#endif
