#pragma once
#include "catalog.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE bool NameReader::skip(std::string_view expected) {
  if (!rest_.starts_with(expected)) return false;
  rest_.remove_prefix(expected.size());
  return true;
}

MOE_INLINE std::optional<std::uint32_t> NameReader::number() {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
  if (error != std::errc()) return {};
  rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  return value;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ExpertCatalog::ExpertCatalog(const Checkpoint& checkpoint, const CatalogOptions& options)
    : checkpoint_(checkpoint), layers_(layers_of(checkpoint)) {
  const std::string prefix = detail::concat(checkpoint.tensor_prefix(), "model.layers.");
  std::vector<Part> parts;
  for (const TensorInfo& tensor : checkpoint.tensors()) add_parts(tensor, prefix, parts);
  std::ranges::sort(parts, [](const Part& a, const Part& b) {
    return a.id != b.id ? a.id < b.id : a.projection < b.projection;
  });
  build(parts);
  if (missing_ > 0 && !options.allow_partial)
    detail::fail(checkpoint.path(), "experts", detail::concat("all ", size(), ", or allow_partial to be set"),
                 describe_missing());
}

MOE_INLINE std::size_t ExpertCatalog::experts(std::size_t layer) const {
  return layer < layers_ ? first_[layer + 1] - first_[layer] : 0;
}

MOE_INLINE bool ExpertCatalog::has(ExpertId id) const {
  return id.expert < experts(id.layer) && locations_[first_[id.layer] + id.expert].bytes() > 0;
}

MOE_INLINE std::string ExpertCatalog::describe_missing() const {
  std::string out = detail::concat(missing_, " of ", size());
  std::string_view between = " missing: ";
  for (std::size_t layer = 0, first = 0; layer < layers_; first = layer) {
    const std::size_t lacking = missing_in(first), count = experts(first);
    while (layer < layers_ && missing_in(layer) == lacking && experts(layer) == count) ++layer;
    if (lacking == 0) continue;
    out += detail::concat(between, lacking, " of ", count, " in layer ", first);
    if (layer - first > 1) out += detail::concat(" to ", layer - 1);
    between = ", ";
  }
  return out;
}

MOE_INLINE const ExpertLocation* ExpertCatalog::first_of(std::size_t layer) const {
  for (std::uint32_t expert = 0; expert < experts(layer); ++expert)
    if (has({static_cast<std::uint32_t>(layer), expert})) return &locations_[first_[layer] + expert];
  return nullptr;
}

MOE_INLINE std::size_t ExpertCatalog::index(ExpertId id) const {
  if (!has(id))
    detail::fail(checkpoint_.path(), detail::concat("expert ", id.expert, " of layer ", id.layer),
                 id.expert < experts(id.layer) ? "one of those that are there"
                                               : detail::concat("a number below ", experts(id.layer)),
                 id.expert < experts(id.layer) ? "one that is missing" : "no such expert");
  return first_[id.layer] + id.expert;
}

MOE_INLINE ExpertWeights ExpertCatalog::read(ExpertId id, std::byte* memory) const {
  const ExpertLocation& location = at(id);
  const auto read_matrix = [&](const MatrixLocation& from) {
    checkpoint_.files()[from.file].read_at(from.offset, {memory, from.bytes()});
    const Matrix matrix{memory, from.dtype, from.rows, from.cols};
    memory += from.bytes();
    return matrix;
  };
  ExpertWeights out;
  out.gate = read_matrix(location.gate);
  out.up = read_matrix(location.up);
  out.down = read_matrix(location.down);
  return out;
}

MOE_INLINE std::size_t ExpertCatalog::missing_in(std::size_t layer) const {
  std::size_t out = 0;
  for (std::uint32_t expert = 0; expert < experts(layer); ++expert)
    out += has({static_cast<std::uint32_t>(layer), expert}) ? 0 : 1;
  return out;
}

MOE_INLINE std::size_t ExpertCatalog::layers_of(const Checkpoint& checkpoint) {
  const Json stated = checkpoint.config().find("num_hidden_layers");
  if (!stated || stated.is_null()) return 24;
  return static_cast<std::size_t>(stated.as_u64(checkpoint.tensors().size()));
}

MOE_INLINE void ExpertCatalog::add_parts(const TensorInfo& tensor, std::string_view prefix,
                                         std::vector<Part>& parts) const {
  detail::NameReader name(tensor.name);
  const auto layer = name.skip(prefix) ? name.number() : std::nullopt;
  if (!layer || *layer >= layers_ || !name.skip(".mlp.experts.")) return;
  if (const auto expert = name.number()) {
    for (std::size_t p = 0; p < projections.size(); ++p)
      if (name.rest() == detail::concat('.', projections[p], ".weight"))
        parts.push_back({{*layer, *expert}, p, location_of(tensor), &tensor});
  } else if (name.rest() == "gate_up_proj") {
    add_fused(tensor, *layer, 0, 2, parts);
  } else {
    for (std::size_t p = 0; p < projections.size(); ++p)
      if (name.rest() == projections[p]) add_fused(tensor, *layer, p, 1, parts);
  }
}

MOE_INLINE void ExpertCatalog::add_fused(const TensorInfo& tensor, std::uint32_t layer, std::size_t first,
                                         std::size_t count, std::vector<Part>& parts) const {
  checkpoint_.require_usable(tensor);
  if (tensor.shape.size() != 3 || tensor.bytes == 0 || tensor.shape[1] % count != 0)
    fail_about(tensor, "shape [experts, rows, cols]", detail::describe(tensor));
  MatrixLocation location{tensor.file, tensor.offset, tensor.dtype,
                          static_cast<std::size_t>(tensor.shape[1] / count),
                          static_cast<std::size_t>(tensor.shape[2])};
  for (std::uint32_t expert = 0; expert < tensor.shape[0]; ++expert)
    for (std::size_t p = first; p < first + count; ++p, location.offset += location.bytes())
      parts.push_back({{layer, expert}, p, location, &tensor});
}

MOE_INLINE MatrixLocation ExpertCatalog::location_of(const TensorInfo& tensor) const {
  checkpoint_.require_usable(tensor);
  if (tensor.shape.size() != 2 || tensor.bytes == 0)
    fail_about(tensor, "shape [rows, cols]", detail::describe(tensor));
  return {tensor.file,
          tensor.offset,
          tensor.dtype,
          static_cast<std::size_t>(tensor.shape[0]),
          static_cast<std::size_t>(tensor.shape[1]),
          tensor.crc32c};
}

MOE_INLINE std::size_t ExpertCatalog::known_to_router(std::uint32_t layer) const {
  constexpr std::uint64_t most = std::uint64_t{1} << 16;
  const TensorInfo* router = checkpoint_.find(
      detail::concat(checkpoint_.tensor_prefix(), "model.layers.", layer, ".mlp.gate.weight"));
  if (!router || router->shape.size() != 2 || router->bytes == 0 || router->shape[0] > most) return 0;
  return static_cast<std::size_t>(router->shape[0]);
}

MOE_INLINE void ExpertCatalog::build(const std::vector<Part>& parts) {
  std::size_t next = 0;
  for (std::uint32_t layer = 0; layer < layers_; ++layer) {
    first_.push_back(locations_.size());
    const std::size_t known = known_to_router(layer);
    const auto more = [&] { return next < parts.size() && parts[next].id.layer == layer; };
    MatrixLocation gate;  // of the first expert of the layer
    for (std::uint32_t expert = 0; more() || expert < known; ++expert) {
      const bool there = more() && (parts[next].id.expert <= expert || expert >= known);
      locations_.push_back(there ? take(parts, next, {layer, expert}, gate) : ExpertLocation());
      if (!there) ++missing_;
    }
  }
  first_.push_back(locations_.size());
}

MOE_INLINE ExpertLocation ExpertCatalog::take(const std::vector<Part>& parts, std::size_t& next, ExpertId id,
                                              MatrixLocation& gate) const {
  const auto part = [&](std::size_t projection) -> const Part& {
    const bool more = next < parts.size() && parts[next].id.layer == id.layer;
    if (more && parts[next].id == id && parts[next].projection == projection) return parts[next++];
    const bool twice = more && (parts[next].id.expert < id.expert ||
                                (parts[next].id == id && parts[next].projection < projection));
    const std::string place =
        detail::concat("expert ", twice ? parts[next].id.expert : id.expert, " of layer ", id.layer);
    detail::fail(checkpoint_.path(), place,
                 detail::concat("one ", projections[twice ? parts[next].projection : projection]),
                 twice ? "two" : "none");
  };
  if (gate.bytes() == 0) gate = parts[next].location;
  ExpertLocation out;
  out.gate = checked(part(0), gate.rows, gate.cols);
  out.up = checked(part(1), gate.rows, gate.cols);
  out.down = checked(part(2), gate.cols, gate.rows);
  return out;
}

MOE_INLINE const MatrixLocation& ExpertCatalog::checked(const Part& part, std::size_t rows,
                                                        std::size_t cols) const {
  if (part.location.rows != rows || part.location.cols != cols)
    fail_about(*part.tensor, detail::concat(projections[part.projection], " [", rows, ", ", cols, "]"),
               detail::describe(*part.tensor));
  return part.location;
}

MOE_INLINE void ExpertCatalog::fail_about(const TensorInfo& tensor, std::string_view expected,
                                          std::string_view found) const {
  detail::fail(checkpoint_.file_of(tensor), detail::concat("tensor \"", tensor.name, '"'), expected, found);
}

}  // namespace moe::inline MOE_ABI
