// SPDX-License-Identifier: MIT
#pragma once
#include "catalog_builder.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE CatalogTables CatalogBuilder::build() {
  tables_.layers.resize(source_.layers());
  for (std::uint32_t layer = 0; layer < tables_.layers.size(); ++layer) build_layer(layer);
  return std::move(tables_);
}

MOE_INLINE void CatalogBuilder::build_layer(std::uint32_t layer) {
  const std::vector<ExpertPart> parts = finder_.find(layer);
  const std::vector<std::size_t> needed = needed_parts(layer, parts);
  const auto first_up =
      std::find_if(parts.begin(), parts.end(), [](const ExpertPart& part) { return part.part == 1; });
  CatalogTables::Layer& out = tables_.layers[layer];
  out.first = tables_.ids.size();
  out.experts = count_routed(layer);
  for (PartIterator next = parts.begin(); next != parts.end();) {
    // Beyond the experts of the router, expert numbers must have no gaps. At a gap, the id is the first number without an
    // expert, and take() refuses this id.
    const ExpertId id{layer, std::min(next->expert, static_cast<std::uint32_t>(out.experts))};
    const PartIterator begin = next;
    tables_.locations.push_back(take(id, needed, next, parts.end()));
    std::for_each(begin, next, [&](const ExpertPart& part) { require_shape(part, first_up->location); });
    tables_.ids.push_back(id);
    out.experts = std::max(out.experts, id.expert + std::size_t{1});
  }
  out.present = tables_.ids.size() - out.first;
}

MOE_INLINE std::size_t CatalogBuilder::count_routed(std::uint32_t layer) const {
  const TensorInfo* router = source_.names().find(Role::router, layer);
  if (!router || router->bytes == 0) return 0;
  if (router->shape.empty() || router->shape.size() > 2) return 0;
  // Writers of GGUF may drop the dimension of a single expert.
  const std::uint64_t experts = router->shape.size() == 1 ? 1 : router->shape[0];
  return experts <= most_experts_of_layer ? static_cast<std::size_t>(experts) : 0;
}

MOE_INLINE std::vector<std::size_t> CatalogBuilder::needed_parts(std::uint32_t layer,
                                                                 const std::vector<ExpertPart>& parts) const {
  const bool gated = ExpertNames(source_.names(), layer).gated();
  const bool biases =
      std::any_of(parts.begin(), parts.end(), [](const ExpertPart& part) { return part.part >= 3; });
  std::vector<std::size_t> out;
  for (std::size_t part = 0; part < (biases ? expert_parts : 3); ++part)
    if (gated || part % 3 != 0) out.push_back(part);
  return out;
}

MOE_INLINE ExpertLocation CatalogBuilder::take(ExpertId id, const std::vector<std::size_t>& needed,
                                               PartIterator& next, PartIterator end) const {
  ExpertLocation out;
  const std::array<MatrixLocation*, expert_parts> places{&out.gate,      &out.up,      &out.down,
                                                         &out.gate_bias, &out.up_bias, &out.down_bias};
  const auto is_own = [&] { return next != end && next->expert == id.expert; };
  for (const std::size_t part : needed) {
    if (is_own() && next->part < part) refuse_part(id, next->part, "two");
    if (!is_own() || next->part != part) refuse_part(id, part, "none");
    *places[part] = next++->location;
  }
  if (is_own()) refuse_part(id, next->part, "two");
  return out;
}

MOE_INLINE void CatalogBuilder::require_shape(const ExpertPart& part, const MatrixLocation& first_up) const {
  const std::size_t width = first_up.rows, hidden = first_up.cols;
  const bool bias = part.part >= 3, down = part.part % 3 == 2;
  const std::size_t rows = bias   ? 1
                           : down ? hidden
                                  : width,
                    cols = bias   ? (down ? hidden : width)
                           : down ? width
                                  : hidden;
  if (part.location.rows == rows && part.location.cols == cols) return;
  fail(source_.checkpoint().file_of(*part.tensor), concat("tensor \"", part.tensor->name, '"'),
       concat(expert_part_names[part.part], " [", rows, ", ", cols, "] of each expert"),
       describe(*part.tensor));
}

MOE_INLINE void CatalogBuilder::refuse_part(ExpertId id, std::size_t part, const char* found) const {
  fail(source_.checkpoint().path(), concat("expert ", id.expert, " of layer ", id.layer),
       concat("one ", expert_part_names[part], part < 3 ? " matrix" : ""), found);
}

}  // namespace moe::inline MOE_ABI::detail
