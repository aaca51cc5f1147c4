// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "family.hpp"
#include "tensor_role.hpp"

#include <span>

namespace moe::inline MOE_ABI::detail {

/// All families. Readers use the properties of a family, not its name.
std::span<const Family> families();
/// Families that are known by name and not supported.
std::span<const MissingFamily> missing_families();

/// The names of a role that most families have: one or several alternatives.
std::span<const RoleNames> usual_names(Role role);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "families.ipp"
#endif
