// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "allowed_experts.hpp"
#include "catalog.hpp"

namespace moe::inline MOE_ABI::detail {

/// `allowed` without the experts that the checkpoint lacks. If the checkpoint lacks experts, every layer with experts is
/// restricted in the result. Throws if the checkpoint has none of the allowed experts of such a layer.
AllowedExperts present_experts(const ExpertCatalog& catalog, AllowedExperts allowed = {});

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "present_experts.ipp"
#endif
