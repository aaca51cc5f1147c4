// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "layer_spec.hpp"
#include "model_source.hpp"
#include "tensor_role.hpp"

#include <vector>

namespace moe::inline MOE_ABI {

struct ModelSpec;

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The roles of tensors that a layer of a model may have. Some roles exclude each other: an expert has its own
/// tensors, or one tensor holds all experts.
std::vector<Role> roles_of(const ModelSpec& model, const LayerSpec& layer);

/// Throws if a tensor of the model, or of a layer that is computed, has no role. Ignored are tables that follow from the
/// configuration (such as `.inv_freq`), layers of multi-token prediction, and tensors of other models (vision, audio).
void require_known_tensors(const ModelSource& source, const ModelSpec& model);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "known_tensors.ipp"
#endif
