// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "layer_spec.hpp"
#include "spec_reader.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// Reads the description that the routers of all layers share. A GGUF file states some properties only by the presence of a
/// tensor; read_router_tensors() adds these properties. experts: number of experts of a layer.
RouterSpec read_router(const SpecReader& reader, std::size_t experts);

/// For GGUF files: sets the properties of a router that depend on whether certain tensors are present in `layer`.
void read_router_tensors(const SpecReader& reader, std::size_t layer, RouterSpec& out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "router_reader.ipp"
#endif
