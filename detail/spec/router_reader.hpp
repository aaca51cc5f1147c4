#pragma once
#include "../core/config.hpp"
#include "layer_spec.hpp"
#include "spec_reader.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// Reads the router of all layers with experts, without what GGUF files say by the presence of tensors. experts: their number.
RouterSpec read_router(const SpecReader& reader, std::size_t experts);

/// What the tensors of one layer of a GGUF file say about its router.
void read_router_tensors(const SpecReader& reader, std::size_t layer, RouterSpec& out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "router_reader.ipp"
#endif
