// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "tree.hpp"

namespace moe::inline MOE_ABI::detail::jinja {

/// Finds the names that Jinja's compiler makes undefined at the start of a part of a template, such as the whole template, a
/// loop or a macro: names whose first use in the part is an assignment outside of {% if %}, and that no enclosing part uses. A
/// loop or a macro before this assignment then finds the name undefined, even if the rendering was given a variable of this
/// name. Fills Node::unset of the parts, but leaves out names that no such loop or macro mentions. Source: idtracking.py of
/// Jinja 3.1.
void find_unset_names(Tree& tree);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "unset_names.ipp"
#endif
