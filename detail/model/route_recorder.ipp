// SPDX-License-Identifier: MIT
#pragma once
#include "route_recorder.hpp"

#include <cstdint>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Trace TraceOf::operator()(const ModelSpec& spec, const ExpertCatalog& catalog) const {
  TraceModel model;
  model.name = catalog.checkpoint().path();
  model.layers = static_cast<std::uint32_t>(spec.layers.size());
  model.experts = static_cast<std::uint32_t>(spec.experts());
  model.experts_per_token = static_cast<std::uint32_t>(spec.experts_per_token());
  Trace trace(std::move(model));
  for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
    if (const ExpertLocation* expert = catalog.first_of(layer))
      trace.set_expert_bytes(layer, expert->bytes());
  return trace;
}

}  // namespace moe::inline MOE_ABI::detail
