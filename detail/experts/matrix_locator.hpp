// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "../io/quantisation.hpp"
#include "expert_location.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Matrices [rows, cols] that lie one behind the other in a tensor.
struct MatrixStack {
  const TensorInfo* tensor;
  std::size_t count, rows, cols;
  const TensorInfo* scales = nullptr;  // of FP8: [count, scale_rows, scale_cols]
  std::size_t scale_rows = 0, scale_cols = 0;
};

/// The number of blocks that cover a size.
constexpr std::size_t blocks_of(std::size_t size, std::size_t of_block) {
  return (size + of_block - 1) / of_block;
}

/// The encoding of a matrix whose block b of row r is the stored block number first + r · row_step + b · block_step. `bytes`:
/// the size of all stored blocks.
MatrixEncoding gathered_encoding(std::size_t bytes, std::size_t first, std::size_t row_step,
                                 std::size_t block_step);

/// Finds out where and how a checkpoint stores its matrices: as kernels read them, or in FP8 with scales in a tensor
/// `<name>_scale_inv`. locate(), locate_bias() and stack() throw an Error about the tensor if its shape or type cannot be used.
class MatrixLocator {
 public:
  MatrixLocator(const Checkpoint& checkpoint, const Quantisation& quantisation)
      : checkpoint_(checkpoint), quantisation_(quantisation) {}

  /// Whether the tensor holds FP8 numbers.
  bool is_e4m3(const TensorInfo& tensor) const;

  /// The matrix in a tensor of two dimensions.
  MatrixLocation locate(const TensorInfo& tensor) const;

  /// The bias in a tensor of one dimension, as a matrix of one row.
  MatrixLocation locate_bias(const TensorInfo& tensor) const;

  void require_bias_type(const TensorInfo& tensor) const;

  /// The matrices in a tensor. dimensions: 3; or 2, and then the tensor is a stack of one matrix.
  MatrixStack stack(const TensorInfo& tensor, std::size_t dimensions) const;

  /// The rows [first, first + rows) of the matrix with the index `matrix` of a stack.
  MatrixLocation rows_of(const MatrixStack& stack, std::size_t matrix, std::size_t first,
                         std::size_t rows) const;

  /// The shape of a tensor. Writers of GGUF drop and add outer dimensions of 1: this function adds or drops such dimensions to
  /// reach `dimensions`. Hugging Face shapes are returned unchanged.
  std::vector<std::uint64_t> shape_of(const TensorInfo& tensor, std::size_t dimensions) const;

  [[noreturn]] void fail_about(const TensorInfo& tensor, std::string_view expected,
                               std::string_view found) const;

 private:
  const TensorInfo* scales_of(const TensorInfo& tensor) const;

  void add_scales(MatrixStack& stack) const;

  /// Sets the type and the encoding of rows of an FP8 matrix.
  void set_e4m3(MatrixLocation& out, const MatrixStack& stack, std::size_t matrix, std::size_t first) const;

  Checkpoint checkpoint_;
  Quantisation quantisation_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "matrix_locator.ipp"
#endif
