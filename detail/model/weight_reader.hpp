// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/tensor.hpp"
#include "../io/pages.hpp"
#include "../spec/model_source.hpp"
#include "../spec/model_spec.hpp"
#include "layer_weights.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Finds the tensors of one model by their roles, checks their shapes, and converts them to the form that kernels read.
class WeightReader {
 public:
  /// memory: receives the matrices that the model owns, and the matrices that are made from stored matrices.
  /// progress(bytes): called for each matrix that is read into memory.
  WeightReader(const ModelSource& source, const ModelSpec& spec, WeightStorage storage,
               std::vector<Pages>& memory, FunctionRef<void(std::uint64_t)> progress)
      : source_(source), spec_(spec), storage_(storage), memory_(memory), progress_(progress) {}

  /// A reader of the same model with another memory: for matrices that are needed only until other matrices are made from them.
  WeightReader with_memory(std::vector<Pages>& memory) const {
    return WeightReader(source_, spec_, storage_, memory, progress_);
  }

  bool has(Role role, std::size_t layer = 0) const { return source_.names().find(role, layer) != nullptr; }

  /// The matrix of a role. [rows, cols]
  Matrix matrix(Role role, std::size_t layer, std::size_t rows, std::size_t cols) const;

  /// The rows [first, first + rows) of the matrix of a role, which has `all` rows.
  Matrix rows_of(Role role, std::size_t layer, std::size_t all, std::size_t cols, std::size_t first,
                 std::size_t rows) const;

  /// The tensor [count, rows, cols] of a role as one matrix, [count · rows, cols].
  Matrix stack(Role role, std::size_t layer, std::size_t count, std::size_t rows, std::size_t cols) const;

  /// A copy of some rows of a matrix, in this order.
  Matrix gather(const Matrix& from, std::span<const std::size_t> rows) const;

  /// A transposed copy of a matrix, in f32.
  Matrix transposed(const Matrix& from) const;

  /// The vector of a role, [size]. Empty if `optional` and the checkpoint has no such vector.
  std::vector<float> vector(Role role, std::size_t layer, std::size_t size, bool optional = false) const;

  /// The numbers of the tensor of a role, which has `size` elements in any shape.
  std::vector<float> flat_vector(Role role, std::size_t layer, std::size_t size) const;

  /// The elements [first, first + size) of the vector of a role, which has `all` elements.
  std::vector<float> part_of(Role role, std::size_t layer, std::size_t all, std::size_t first,
                             std::size_t size) const;

  /// The vector of a norm, plus ModelSpec::norm_offset.
  std::vector<float> norm_vector(Role role, std::size_t layer, std::size_t size) const;

  /// A norm over the hidden size, of the kind that ModelSpec::norm says. bias: read for a LayerNorm only.
  Norm norm(Role weight, Role bias, std::size_t layer) const;
  /// An RMS norm over the hidden size.
  Norm rms_norm(Role weight, std::size_t layer) const;

  /// The taps of a convolution, transposed: [kernel, channels].
  std::vector<float> taps(std::size_t layer, std::size_t kernel, std::size_t channels) const;

  /// −a of each head. is_log: whether the checkpoint stores log(a) in place of −a.
  std::vector<float> negative_decay(std::size_t layer, std::size_t heads, bool is_log) const;

  /// Whether the checkpoint has a head that differs from the embedding.
  bool has_own_head() const;

  Embedding embedding() const;

  /// The head; see ModelWeights.
  Matrix head(const Embedding& embedding) const;

  const ModelSpec& spec() const { return spec_; }

 private:
  std::string name_of(Role role, std::size_t layer) const;

  /// Reads a mapped matrix into memory if the model owns its weights; otherwise returns `mapped`. from: the tensor that contains
  /// the matrix.
  Matrix stored(Matrix mapped, const TensorInfo& from) const;

  /// Converts the rows [first, first + rows) of a matrix whose form kernels do not multiply, such as FP8 with scales.
  Matrix decoded(const TensorInfo& tensor, std::size_t first, std::size_t rows) const;

  Matrix new_matrix(DType dtype, std::size_t rows, std::size_t cols) const;

  const ModelSource& source_;
  const ModelSpec& spec_;
  WeightStorage storage_;
  std::vector<Pages>& memory_;
  FunctionRef<void(std::uint64_t)> progress_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "weight_reader.ipp"
#endif
