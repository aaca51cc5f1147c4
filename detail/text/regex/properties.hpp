// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "character_set.hpp"

#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail::regex {

/// The set of a property, as in \p{name}: a general category of Unicode, a script, or a POSIX class. Case, spaces, hyphens and
/// underscores in the name are ignored. Nothing for a name that is not supported. `in_class`: the property stands in brackets,
/// where Word is smaller; see word_characters().
std::optional<CharacterSet> find_property(std::string_view name, bool in_class);

/// The set of [[:name:]], which differs from \p{name} for punct: [[:punct:]] also contains \p{S}.
std::optional<CharacterSet> find_posix_class(std::string_view name);

/// The sets of \d, \w, \s and \h, with Oniguruma's meaning for Unicode. Outside brackets, \w, \W, \b and \B count the
/// superscripts and fractions of Latin-1, such as ² and ½, as word characters; in brackets, \w does not.
const CharacterSet& decimal_digits();
const CharacterSet& word_characters(bool in_class);
const CharacterSet& white_spaces();
const CharacterSet& hexadecimal_digits();

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "properties.ipp"
#endif
