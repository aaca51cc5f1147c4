#pragma once
#include "catalog_builder.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "name_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

inline constexpr std::array<std::string_view, 3> expert_projections{"gate_proj", "up_proj", "down_proj"};

// A catalog, and what providers keep for each expert, takes a few hundred bytes per expert. These bounds make that linear
// in the size of the files, which have at least small_matrix_bytes for each further matrix.
inline constexpr std::size_t most_experts_of_layer = std::size_t{1} << 16;
inline constexpr std::size_t small_matrix_bytes = 128;
inline constexpr std::size_t most_small_matrices = 3 * most_experts_of_layer;

MOE_INLINE CatalogTables CatalogBuilder::build() {
  CatalogTables tables;
  tables.layers.resize(count_layers());
  const std::string prefix = concat(checkpoint_.tensor_prefix(), "model.layers.");
  for (const TensorInfo& tensor : checkpoint_.tensors()) add_parts(tensor, prefix, tables.layers.size());
  std::sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) {
    return a.id != b.id ? a.id < b.id : a.projection < b.projection;
  });
  tables.ids.reserve(parts_.size() / 3);
  tables.locations.reserve(parts_.size() / 3);
  for (std::uint32_t layer = 0; layer < tables.layers.size(); ++layer) build_layer(layer, tables);
  return tables;
}

MOE_INLINE std::size_t CatalogBuilder::count_layers() const {
  const Json stated = checkpoint_.config().find("num_hidden_layers");
  if (!stated || stated.is_null()) return 24;
  return static_cast<std::size_t>(stated.as_u64(checkpoint_.tensors().size()));
}

MOE_INLINE void CatalogBuilder::add_parts(const TensorInfo& tensor, std::string_view prefix,
                                          std::size_t layers) {
  NameReader name(tensor.name);
  const auto layer = name.skip(prefix) ? name.number() : std::nullopt;
  if (!layer || *layer >= layers || !name.skip(".mlp.experts.")) return;
  const auto expert = name.number();
  const bool single = expert && name.skip(".");
  if (!single && name.rest() == "gate_up_proj") return add_fused(tensor, *layer, 0, 2);
  for (std::size_t p = 0; p < expert_projections.size(); ++p) {
    NameReader rest(name.rest());
    if (!rest.skip(expert_projections[p])) continue;
    if (!expert && rest.rest().empty()) add_fused(tensor, *layer, p, 1);
    if (single && rest.rest() == ".weight")
      parts_.push_back({{*layer, *expert}, p, location_of(tensor), &tensor});
  }
}

MOE_INLINE void CatalogBuilder::add_fused(const TensorInfo& tensor, std::uint32_t layer, std::size_t first,
                                          std::size_t count) {
  require_fused(tensor, count);
  MatrixLocation location{tensor.file, tensor.offset, tensor.dtype,
                          static_cast<std::size_t>(tensor.shape[1] / count),
                          static_cast<std::size_t>(tensor.shape[2])};
  if (location.bytes() < small_matrix_bytes)
    small_matrices_ += count * static_cast<std::size_t>(tensor.shape[0]);
  if (small_matrices_ > most_small_matrices)
    fail_about(tensor,
               concat("at most ", most_small_matrices, " matrices of experts with less than ",
                      small_matrix_bytes, " bytes each"),
               concat(small_matrices_));
  for (std::uint32_t expert = 0; expert < tensor.shape[0]; ++expert)
    for (std::size_t p = first; p < first + count; ++p, location.offset += location.bytes())
      parts_.push_back({{layer, expert}, p, location, &tensor});
}

MOE_INLINE void CatalogBuilder::require_fused(const TensorInfo& tensor, std::size_t count) const {
  checkpoint_.require_usable(tensor);
  if (tensor.shape.size() != 3 || tensor.bytes == 0 || tensor.shape[1] % count != 0)
    fail_about(tensor, "shape [experts, rows, cols]", describe(tensor));
  if (tensor.shape[0] > most_experts_of_layer)
    fail_about(tensor, concat("at most ", most_experts_of_layer, " experts"), describe(tensor));
}

MOE_INLINE MatrixLocation CatalogBuilder::location_of(const TensorInfo& tensor) const {
  checkpoint_.require_usable(tensor);
  if (tensor.shape.size() != 2 || tensor.bytes == 0)
    fail_about(tensor, "shape [rows, cols]", describe(tensor));
  return {tensor.file,
          tensor.offset,
          tensor.dtype,
          static_cast<std::size_t>(tensor.shape[0]),
          static_cast<std::size_t>(tensor.shape[1]),
          tensor.crc32c};
}

MOE_INLINE std::size_t CatalogBuilder::count_routed(std::uint32_t layer) const {
  const TensorInfo* router =
      checkpoint_.find(concat(checkpoint_.tensor_prefix(), "model.layers.", layer, ".mlp.gate.weight"));
  if (!router || router->shape.size() != 2 || router->bytes == 0 || router->shape[0] > most_experts_of_layer)
    return 0;
  return static_cast<std::size_t>(router->shape[0]);
}

MOE_INLINE void CatalogBuilder::build_layer(std::uint32_t layer, CatalogTables& tables) {
  CatalogTables::Layer& out = tables.layers[layer];
  out.first = tables.ids.size();
  out.experts = count_routed(layer);
  const MatrixLocation first_gate = more_of(layer) ? parts_[next_].location : MatrixLocation();
  while (more_of(layer)) {
    ExpertId id = parts_[next_].id;
    if (id.expert >= out.experts)
      id.expert = static_cast<std::uint32_t>(out.experts);  // beyond the router, without gaps
    if (!tables.ids.empty() && parts_[next_].id == tables.ids.back())
      refuse_part(tables.ids.back(), parts_[next_].projection, "two");
    tables.locations.push_back(take(id, first_gate));
    tables.ids.push_back(id);
    out.experts = std::max(out.experts, id.expert + std::size_t{1});
  }
  out.present = tables.ids.size() - out.first;
}

MOE_INLINE ExpertLocation CatalogBuilder::take(ExpertId id, const MatrixLocation& first_gate) {
  ExpertLocation out;
  out.gate = checked(take_part(id, 0), first_gate.rows, first_gate.cols);
  out.up = checked(take_part(id, 1), first_gate.rows, first_gate.cols);
  out.down = checked(take_part(id, 2), first_gate.cols, first_gate.rows);
  return out;
}

MOE_INLINE const CatalogBuilder::Part& CatalogBuilder::take_part(ExpertId id, std::size_t projection) {
  const bool more = next_ < parts_.size() && parts_[next_].id == id;
  if (more && parts_[next_].projection == projection) return parts_[next_++];
  if (more && parts_[next_].projection < projection) refuse_part(id, parts_[next_].projection, "two");
  refuse_part(id, projection, "none");
}

MOE_INLINE const MatrixLocation& CatalogBuilder::checked(const Part& part, std::size_t rows,
                                                         std::size_t cols) const {
  if (part.location.rows != rows || part.location.cols != cols)
    fail_about(*part.tensor, concat(expert_projections[part.projection], " [", rows, ", ", cols, "]"),
               describe(*part.tensor));
  return part.location;
}

MOE_INLINE void CatalogBuilder::refuse_part(ExpertId id, std::size_t projection, const char* found) const {
  fail(checkpoint_.path(), concat("expert ", id.expert, " of layer ", id.layer),
       concat("one ", expert_projections[projection]), found);
}

MOE_INLINE void CatalogBuilder::fail_about(const TensorInfo& tensor, std::string_view expected,
                                           std::string_view found) const {
  fail(checkpoint_.file_of(tensor), concat("tensor \"", tensor.name, '"'), expected, found);
}

}  // namespace moe::inline MOE_ABI::detail
