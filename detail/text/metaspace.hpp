#pragma once
#include "../core/config.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// What SentencePiece writes for a space: ▁ (U+2581).
inline constexpr std::string_view metaspace = "\xe2\x96\x81";

/// Appends a text with a space for every ▁ in it.
void append_spaced(std::string& out, std::string_view text);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "metaspace.ipp"
#endif
