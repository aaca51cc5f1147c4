// SPDX-License-Identifier: MIT
#pragma once
#include "matrix_locator.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "expert_names.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE MatrixEncoding gathered_encoding(std::size_t bytes, std::size_t first, std::size_t row_step,
                                            std::size_t block_step) {
  MatrixEncoding out{MatrixEncoding::Kind::gathered, static_cast<std::uint32_t>(first),
                     static_cast<std::uint32_t>(row_step), static_cast<std::uint32_t>(block_step)};
  out.number_bytes = bytes;
  return out;
}

MOE_INLINE bool MatrixLocator::is_e4m3(const TensorInfo& tensor) const {
  // GGUF has no type for FP8: an extraction stores the bytes as I8.
  return tensor.dtype_name == "F8_E4M3" || (tensor.dtype_name == "I8" && scales_of(tensor) != nullptr);
}

MOE_INLINE const TensorInfo* MatrixLocator::scales_of(const TensorInfo& tensor) const {
  return checkpoint_.find(concat(tensor.name, scales_ending));
}

MOE_INLINE MatrixLocation MatrixLocator::locate(const TensorInfo& tensor) const {
  const MatrixStack one = stack(tensor, 2);
  return rows_of(one, 0, 0, one.rows);
}

MOE_INLINE MatrixLocation MatrixLocator::locate_bias(const TensorInfo& tensor) const {
  const std::vector<std::uint64_t> shape = shape_of(tensor, 1);
  require_bias_type(tensor);
  if (shape.size() != 1 || tensor.bytes == 0) fail_about(tensor, "shape [numbers]", describe(tensor));
  return {tensor.file, tensor.offset, tensor.dtype, 1, static_cast<std::size_t>(shape[0]), tensor.crc32c};
}

MOE_INLINE void MatrixLocator::require_bias_type(const TensorInfo& tensor) const {
  using enum DType;
  if (tensor.dtype != f32 && tensor.dtype != f16 && tensor.dtype != bf16)
    fail_about(tensor, "F32, F16 or BF16", tensor.dtype_name);
}

MOE_INLINE MatrixStack MatrixLocator::stack(const TensorInfo& tensor, std::size_t dimensions) const {
  const std::vector<std::uint64_t> shape = shape_of(tensor, dimensions);
  if (shape.size() != dimensions || tensor.bytes == 0)
    fail_about(tensor, dimensions == 2 ? "shape [rows, cols]" : "shape [experts, rows, cols]",
               describe(tensor));
  const auto size = [&](std::size_t from_end) {
    return static_cast<std::size_t>(shape[shape.size() - from_end]);
  };
  MatrixStack out{&tensor, dimensions == 2 ? std::size_t{1} : size(3), size(2), size(1)};
  out.scales = scales_of(tensor);
  if (is_e4m3(tensor)) {
    add_scales(out);
  } else {
    checkpoint_.require_usable(tensor);
    if (out.scales) fail_about(tensor, "F8_E4M3, the only type with scales", describe(tensor));
  }
  return out;
}

MOE_INLINE void MatrixLocator::add_scales(MatrixStack& stack) const {
  const TensorInfo& tensor = *stack.tensor;
  if (!stack.scales)
    fail_about(tensor, concat("scales in a tensor \"", tensor.name, scales_ending, '"'), "none");
  if (!quantisation_.fp8())
    fail_about(tensor, "weight_block_size in quantization_config of config.json", "none");
  stack.scale_rows = blocks_of(stack.rows, quantisation_.block_rows);
  stack.scale_cols = blocks_of(stack.cols, quantisation_.block_cols);
  const std::vector<std::uint64_t> shape = shape_of(*stack.scales, tensor.shape.size());
  std::vector<std::uint64_t> expected{stack.scale_rows, stack.scale_cols};
  if (tensor.shape.size() == 3) expected.insert(expected.begin(), stack.count);
  const DType dtype = stack.scales->dtype;
  if (shape != expected || (dtype != DType::f32 && dtype != DType::bf16))
    fail_about(*stack.scales,
               concat(concat_list(expected), " of F32 or BF16, one for each ", quantisation_.block_rows,
                      " rows and ", quantisation_.block_cols, " columns"),
               describe(*stack.scales));
}

MOE_INLINE MatrixLocation MatrixLocator::rows_of(const MatrixStack& stack, std::size_t matrix,
                                                 std::size_t first, std::size_t rows) const {
  const TensorInfo& tensor = *stack.tensor;
  MatrixLocation out{tensor.file, tensor.offset, tensor.dtype, rows, stack.cols};
  const std::uint64_t row = std::uint64_t{matrix} * stack.rows + first;
  if (stack.scales) set_e4m3(out, stack, matrix, first);
  out.offset += row * (stack.scales ? stack.cols : Matrix{nullptr, out.dtype, rows, stack.cols}.row_bytes());
  if (stack.count == 1 && rows == stack.rows) {
    out.crc32c = tensor.crc32c;
    if (stack.scales) out.encoding.scales.crc32c = stack.scales->crc32c;
  }
  return out;
}

MOE_INLINE void MatrixLocator::set_e4m3(MatrixLocation& out, const MatrixStack& stack, std::size_t matrix,
                                        std::size_t first) const {
  const std::size_t block_rows = quantisation_.block_rows, block_cols = quantisation_.block_cols;
  const std::size_t row_bytes = stack.scale_cols * layout_of(stack.scales->dtype).bytes;
  const std::size_t scale_row = matrix * stack.scale_rows + first / block_rows;
  out.dtype = stack.cols % 32 == 0 && block_cols % 32 == 0 ? DType::f8_e4m3 : DType::f32;
  MatrixEncoding& encoding = out.encoding;
  encoding.kind = MatrixEncoding::Kind::e4m3;
  encoding.first = static_cast<std::uint32_t>(first % block_rows);
  encoding.scale_dtype = stack.scales->dtype;
  encoding.block_rows = static_cast<std::uint32_t>(block_rows);
  encoding.block_cols = static_cast<std::uint32_t>(block_cols);
  encoding.number_bytes = out.rows * out.cols;
  encoding.scales = {stack.scales->file, stack.scales->offset + std::uint64_t{scale_row} * row_bytes,
                     blocks_of(encoding.first + out.rows, block_rows) * row_bytes};
}

MOE_INLINE std::vector<std::uint64_t> MatrixLocator::shape_of(const TensorInfo& tensor,
                                                              std::size_t dimensions) const {
  std::vector<std::uint64_t> out = tensor.shape;
  if (checkpoint_.naming() == Naming::hugging_face) return out;
  while (out.size() > dimensions && out[0] == 1) out.erase(out.begin());
  while (out.size() < dimensions) out.insert(out.begin(), 1);
  return out;
}

MOE_INLINE void MatrixLocator::fail_about(const TensorInfo& tensor, std::string_view expected,
                                          std::string_view found) const {
  fail(checkpoint_.file_of(tensor), concat("tensor \"", tensor.name, '"'), expected, found);
}

}  // namespace moe::inline MOE_ABI::detail
