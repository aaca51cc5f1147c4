// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "catalog.hpp"

namespace moe::inline MOE_ABI::detail {

/// Throws unless `small_copies` has all experts of `exact`, with the same shapes, as many layers, and as many experts in each
/// layer. Types may differ. The error names the path of `small_copies`.
void require_same_experts(const ExpertCatalog& exact, const ExpertCatalog& small_copies);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "same_experts.ipp"
#endif
