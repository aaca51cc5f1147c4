#pragma once
#include "../core/config.hpp"
#include "allowed_experts.hpp"
#include "catalog.hpp"

namespace moe::inline MOE_ABI::detail {

/// What is left of `allowed` where experts are missing: of each such layer the allowed ones that are there. Throws if a layer
/// has none of them.
AllowedExperts present_experts(const ExpertCatalog& catalog, AllowedExperts allowed = {});

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "present_experts.ipp"
#endif
