// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "layer_kinds.hpp"
#include "spec_reader.hpp"

#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Throws if a model has parts that the library lacks: per-layer inputs, or shared keys and values, of Gemma E models.
void refuse_missing_parts(const SpecReader& reader);

/// Throws if the description has a value that changes the results of a model and that no reader has looked up: the family or the
/// library does not have this computation. Must be called after all readers. kinds: one for each layer; max_positions: of the
/// model.
void refuse_unread_values(const SpecReader& reader, const std::vector<LayerKind>& kinds,
                          std::size_t max_positions);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "refused_values.ipp"
#endif
