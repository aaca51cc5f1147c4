// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "tree.hpp"

namespace moe::inline MOE_ABI::detail::jinja {

/// Finds the names that Jinja's compiler makes undefined at the start of a part of a template, such as the whole template, a loop
/// or a macro: the first use of the name in that part is an assignment, which always happens, and no part around has the name. A
/// loop or a macro before the assignment then does not see the variable of that name that was given for the rendering.
/// Fills Node::unset of the parts, except for names that no such loop or macro mentions. Source: idtracking.py of Jinja 3.1.
void find_unset_names(Tree& tree);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "unset_names.ipp"
#endif
