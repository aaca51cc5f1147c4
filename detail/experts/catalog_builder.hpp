// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../spec/model_source.hpp"
#include "expert.hpp"
#include "expert_location.hpp"
#include "expert_part_finder.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Collects the parts of each expert of a checkpoint, layer by layer.
class CatalogBuilder {
 public:
  /// source: must outlive the object.
  explicit CatalogBuilder(const ModelSource& source) : source_(source), finder_(source) {}

  /// Builds the tables of all layers. May be called once.
  CatalogTables build();

 private:
  using PartIterator = std::vector<ExpertPart>::const_iterator;

  void build_layer(std::uint32_t layer);

  /// The number of experts that the router of a layer chooses from; 0 if the layer has no router, or if the shape of the router
  /// is neither [experts, hidden size] nor [hidden size], which means one expert.
  std::size_t count_routed(std::uint32_t layer) const;

  /// The parts that every expert of a layer must have: the matrices of the family; and their biases, if `parts`, the parts that
  /// were found in the layer, contain any bias.
  std::vector<std::size_t> needed_parts(std::uint32_t layer, const std::vector<ExpertPart>& parts) const;

  /// The expert `id`, whose parts begin at `next`. Moves `next` past these parts. Throws unless the expert has each of the
  /// `needed` parts exactly once.
  ExpertLocation take(ExpertId id, const std::vector<std::size_t>& needed, PartIterator& next,
                      PartIterator end) const;

  /// Throws unless the shape of a part matches `first_up`, the matrix up of the first expert of the layer.
  void require_shape(const ExpertPart& part, const MatrixLocation& first_up) const;

  [[noreturn]] void refuse_part(ExpertId id, std::size_t part, const char* found) const;

  const ModelSource& source_;
  ExpertPartFinder finder_;
  CatalogTables tables_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "catalog_builder.ipp"
#endif
