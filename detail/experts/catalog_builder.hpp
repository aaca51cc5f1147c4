#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "expert.hpp"
#include "expert_location.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Finds the matrices of experts among the tensors of a checkpoint, and sorts them into experts.
class CatalogBuilder {
 public:
  explicit CatalogBuilder(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  /// Once.
  CatalogTables build();

 private:
  /// One matrix of one expert.
  struct Part {
    ExpertId id;
    std::size_t projection;  // 0: gate, 1: up, 2: down
    MatrixLocation location;
    const TensorInfo* tensor;
  };

  /// The number of layers that the configuration states, or 24 as in transformers. Each layer has a tensor, which bounds what a
  /// wrong number can cost.
  std::size_t count_layers() const;

  /// Adds the matrices of experts that a tensor holds, if it holds any.
  void add_parts(const TensorInfo& tensor, std::string_view prefix, std::size_t layers);

  /// Adds the slices of a tensor [experts, count · rows, cols], which hold `count` projections from number `first` on.
  void add_fused(const TensorInfo& tensor, std::uint32_t layer, std::size_t first, std::size_t count);

  void require_fused(const TensorInfo& tensor, std::size_t count) const;

  MatrixLocation location_of(const TensorInfo& tensor) const;

  /// The number of experts that the router of a layer chooses from; 0 if there is no router.
  std::size_t count_routed(std::uint32_t layer) const;

  void build_layer(std::uint32_t layer, CatalogTables& tables);

  /// Takes the next three parts, which must be the matrices of that expert, with the shape of the first expert of its layer.
  ExpertLocation take(ExpertId id, const MatrixLocation& first_gate);
  const Part& take_part(ExpertId id, std::size_t projection);
  const MatrixLocation& checked(const Part& part, std::size_t rows, std::size_t cols) const;

  bool more_of(std::uint32_t layer) const { return next_ < parts_.size() && parts_[next_].id.layer == layer; }

  [[noreturn]] void refuse_part(ExpertId id, std::size_t projection, const char* found) const;
  [[noreturn]] void fail_about(const TensorInfo& tensor, std::string_view expected,
                               std::string_view found) const;

  const Checkpoint& checkpoint_;
  std::vector<Part> parts_;
  std::size_t next_ = 0;            // of parts_: not taken yet
  std::size_t small_matrices_ = 0;  // among the slices of fused tensors
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "catalog_builder.ipp"
#endif
