// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/catalog.hpp"
#include "../spec/model_spec.hpp"

namespace moe::inline MOE_ABI::detail {

/// Throws if the checkpoint has no tensor of some layer: an extraction of a few layers can be stored but not run.
void require_layers(const Checkpoint& checkpoint, const ModelSpec& spec);

/// Throws unless each layer of the catalog has the number and the shapes of experts that the spec states. The checkpoint of the
/// catalog needs no other tensors.
void require_expert_shapes(const ExpertCatalog& catalog, const ModelSpec& spec);

/// require_layers() of the checkpoint of the catalog, and require_expert_shapes().
void require_experts(const ExpertCatalog& catalog, const ModelSpec& spec);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert_requirements.ipp"
#endif
