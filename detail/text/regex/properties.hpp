// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "character_set.hpp"

#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail::regex {

/// The set of a property, as in \p{name}: a general category of Unicode, a script, or a POSIX class. Case, spaces, hyphens and
/// underscores in the name are ignored. Nothing for a name that is not supported.
std::optional<CharacterSet> find_property(std::string_view name);

/// The sets of \d, \w, \s and \h, with Oniguruma's meaning for Unicode.
const CharacterSet& decimal_digits();
const CharacterSet& word_characters();
const CharacterSet& white_spaces();
const CharacterSet& hexadecimal_digits();

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "properties.ipp"
#endif
