// SPDX-License-Identifier: MIT
#pragma once
#include "catalog.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../spec/model_source.hpp"
#include "catalog_builder.hpp"
#include "matrix_decoder.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE ExpertCatalog::ExpertCatalog(const Checkpoint& checkpoint, const CatalogOptions& options)
    : checkpoint_(checkpoint), tables_(detail::CatalogBuilder(detail::ModelSource(checkpoint)).build()) {
  if (missing() > 0 && !options.allow_partial)
    detail::fail(checkpoint.path(), "experts",
                 detail::concat("all ", size() + missing(), ", or allow_partial to be set"),
                 describe_missing());
}

MOE_INLINE std::size_t ExpertCatalog::experts(std::size_t layer) const {
  return layer < layers() ? tables_.layers[layer].experts : 0;
}

MOE_INLINE std::size_t ExpertCatalog::missing() const {
  std::size_t out = 0;
  for (const detail::CatalogTables::Layer& layer : tables_.layers) out += layer.experts - layer.present;
  return out;
}

MOE_INLINE bool ExpertCatalog::has(ExpertId id) const { return find(id) < size(); }

MOE_INLINE std::size_t ExpertCatalog::index(ExpertId id) const {
  const std::size_t found = find(id);
  if (found == size()) refuse(id);
  return found;
}

MOE_INLINE void ExpertCatalog::refuse(ExpertId id) const {
  const std::string place = detail::concat("expert ", id.expert, " of layer ", id.layer);
  const std::size_t in_layer = experts(id.layer);
  if (id.layer >= layers())
    detail::fail(checkpoint_.path(), place, detail::concat("a layer below ", layers()), "no such layer");
  if (in_layer == 0)
    detail::fail(checkpoint_.path(), place, "a layer with experts", "a layer without experts");
  if (id.expert >= in_layer)
    detail::fail(checkpoint_.path(), place, detail::concat("an expert below ", in_layer), "no such expert");
  detail::fail(checkpoint_.path(), place, "an expert that the checkpoint has", "a missing one");
}

MOE_INLINE std::span<const ExpertId> ExpertCatalog::ids(std::size_t layer) const {
  if (layer >= layers()) return {};
  return ids().subspan(tables_.layers[layer].first, tables_.layers[layer].present);
}

MOE_INLINE const ExpertLocation* ExpertCatalog::first_of(std::size_t layer) const {
  return ids(layer).empty() ? nullptr : &tables_.locations[tables_.layers[layer].first];
}

MOE_INLINE std::string ExpertCatalog::describe_missing() const {
  using Layer = detail::CatalogTables::Layer;
  const auto alike = [](const Layer& a, const Layer& b) {
    return a.experts == b.experts && a.present == b.present;
  };
  std::string out = detail::concat(missing(), " of ", size() + missing());
  std::string_view between = " missing: ";
  for (std::size_t layer = 0, first = 0; layer < layers(); first = layer) {
    const Layer& one = tables_.layers[first];
    while (layer < layers() && alike(tables_.layers[layer], one)) ++layer;
    if (one.present == one.experts) continue;
    out += detail::concat(between, one.experts - one.present, " of ", one.experts, " in layer ", first);
    if (layer - first > 1) out += detail::concat(" to ", layer - 1);
    between = ", ";
  }
  return out;
}

MOE_INLINE ExpertWeights ExpertCatalog::read(ExpertId id, std::byte* memory) const {
  const ExpertLocation& location = at(id);
  if (location.is_plain()) return read_plain(location, memory);
  const detail::StoredRanges ranges(location);
  std::vector<std::vector<std::byte>> stored(ranges.size());
  for (std::size_t range = 0; range < ranges.size(); ++range) {
    stored[range].resize(ranges[range].bytes);
    checkpoint_.files()[ranges[range].file].read_at(ranges[range].offset, stored[range]);
  }
  const auto bytes_of = [&](std::size_t range) { return std::span<const std::byte>(stored[range]); };
  return detail::decode_expert(location, ranges, bytes_of, memory);
}

MOE_INLINE ExpertWeights ExpertCatalog::read_plain(const ExpertLocation& location, std::byte* memory) const {
  std::array<Matrix, detail::expert_parts> parts;
  const auto locations = detail::parts_of(location);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (locations[part]->rows == 0) continue;
    parts[part] = detail::read_matrix(checkpoint_, *locations[part], memory);
    memory += parts[part].bytes();
  }
  return detail::weights_of(parts);
}

MOE_INLINE ExpertWeights ExpertCatalog::view(ExpertId id, const std::byte* memory) const {
  std::array<Matrix, detail::expert_parts> parts;
  const auto locations = detail::parts_of(at(id));
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const MatrixLocation& location = *locations[part];
    if (location.rows == 0) continue;
    parts[part] = {memory, location.dtype, location.rows, location.cols};
    memory += location.bytes();
  }
  return detail::weights_of(parts);
}

MOE_INLINE bool ExpertCatalog::is_plain() const {
  return std::all_of(tables_.locations.begin(), tables_.locations.end(),
                     [](const ExpertLocation& expert) { return expert.is_plain(); });
}

MOE_INLINE std::size_t ExpertCatalog::find(ExpertId id) const {
  if (id.layer >= layers()) return size();
  const auto& [first, present, experts] = tables_.layers[id.layer];
  if (present == experts) return id.expert < experts ? first + id.expert : size();
  const std::span<const ExpertId> of_layer = ids(id.layer);
  const auto place = std::lower_bound(of_layer.begin(), of_layer.end(), id);
  if (place == of_layer.end() || *place != id) return size();
  return first + static_cast<std::size_t>(place - of_layer.begin());
}

}  // namespace moe::inline MOE_ABI
