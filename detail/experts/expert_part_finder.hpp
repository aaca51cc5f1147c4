// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../spec/model_source.hpp"
#include "expert_location.hpp"
#include "expert_names.hpp"
#include "matrix_locator.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The largest number of experts of a layer. A tensor with more experts is refused; a router with more counts as missing.
inline constexpr std::size_t most_experts_of_layer = std::size_t{1} << 16;

/// A matrix or a bias of an expert, found in a tensor.
struct ExpertPart {
  std::uint32_t expert;
  std::size_t part;  // in the order of ExpertLocation
  MatrixLocation location;
  const TensorInfo* tensor;
};

/// Finds the parts of experts in the tensors of a checkpoint, in all layouts that a checkpoint may have. With E experts of
/// width F and inputs of width H these are
///   single      gate [F, H], up [F, H] and down [H, F] of each expert
///   merged      gate [E, F, H], up [E, F, H] and down [E, H, F]
///   fused       gate_up [E, 2F, H], where the rows of gate come first, and down [E, H, F]
///   transposed  gate_up [E, H, 2F], where the columns of gate come first or alternate with those of up, and down [E, F, H]
///   mxfp4       gate_up as blocks [E, 2F, H / 32, 16] and exponents [E, 2F, H / 32], whose rows alternate, and down likewise
/// Biases are [F], [F] and [H] of each expert, or [E, F], [E, F] and [E, H], or [E, 2F] and [E, H].
class ExpertPartFinder {
 public:
  /// source: must outlive the object.
  explicit ExpertPartFinder(const ModelSource& source);

  /// All parts of a layer, sorted by expert and part. Throws if a tensor has a shape or a type that cannot be used.
  std::vector<ExpertPart> find(std::uint32_t layer);

 private:
  /// Adds one kind of part, such as gate, of all experts whose parts are tensors of their own.
  void add_singles(const ExpertNames& names, std::size_t part);

  void add_matrices(std::uint32_t layer);
  void add_biases(std::uint32_t layer);

  // Each of these functions adds the slices of a tensor that holds `parts` parts of all experts: the parts `first_part`,
  // first_part + 1, ...
  void add_merged(const TensorInfo& tensor, std::size_t first_part, std::size_t parts);
  void add_transposed(const TensorInfo& tensor, std::size_t first_part, std::size_t parts);
  void add_mxfp4(const TensorInfo* blocks, const TensorInfo* exponents, std::size_t first_part,
                 std::size_t parts);
  void add_bias(const TensorInfo& tensor, std::size_t first_part, std::size_t parts);

  /// Whether down is [E, F, H] and gate_up [E, H, 2F]. Only the two shapes together are unambiguous.
  bool is_transposed(const TensorInfo* gate_up, const TensorInfo* down) const;

  /// Whether gate and up alternate in tensors that hold both.
  bool alternate() const;

  void require_mxfp4(const TensorInfo* blocks, const TensorInfo* exponents, std::size_t parts) const;

  /// Counts the `parts` parts of each of the experts in a tensor. Throws if the tensor has more experts than a layer of any
  /// model, or if too many parts were smaller than small_part_bytes so far.
  void require_few(const TensorInfo& tensor, std::uint64_t experts, std::size_t parts);

  const ModelSource& source_;
  MatrixLocator locator_;
  std::vector<ExpertPart> parts_;  // of the layer
  std::uint64_t small_parts_ = 0;  // in tensors with several parts, of all layers
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert_part_finder.ipp"
#endif
