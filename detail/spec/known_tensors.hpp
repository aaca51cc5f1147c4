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

/// The roles of tensors that a layer of a model may have. Some of them exclude each other: experts are stored apart or
/// together.
std::vector<Role> roles_of(const ModelSpec& model, const LayerSpec& layer);

/// Throws if the checkpoint has a tensor of a layer that is computed, or of the model, that has no role. Tables that can be
/// computed, layers that draft further tokens, and other models (vision, audio) do not count.
void require_known_tensors(const ModelSource& source, const ModelSpec& model);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "known_tensors.ipp"
#endif
