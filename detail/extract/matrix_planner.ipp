// SPDX-License-Identifier: MIT
#pragma once
#include "matrix_planner.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../experts/expert_names.hpp"
#include "../experts/matrix_locator.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::vector<PlannedTensor> MatrixPlanner::plan(const std::string& name,
                                                          const MatrixLocation& matrix,
                                                          std::optional<DType> wanted, bool bias) {
  const bool fits = wanted && matrix.cols % layout_of(*wanted).elements == 0;
  if (wanted && !fits) not_converted_.push_back(name);
  if (!fits && matrix.encoding.kind == MatrixEncoding::Kind::e4m3) return plan_e4m3(name, matrix);
  const GgmlType* from = matrix.dtype == DType::f8_e4m3 ? &e4m3_in_memory : &ggml_type(matrix.dtype);
  PlannedTensor out{
      name, {matrix.rows, matrix.cols}, from, fits ? &ggml_type(*wanted) : from, matrix.file, matrix.offset};
  if (bias) out.shape = {matrix.cols};
  if (!matrix.is_plain()) out.encoded = std::make_shared<const MatrixLocation>(matrix);
  return {std::move(out)};
}

MOE_INLINE std::vector<PlannedTensor> MatrixPlanner::plan_e4m3(const std::string& name,
                                                               const MatrixLocation& matrix) {
  const MatrixEncoding& stored = matrix.encoding;
  const GgmlType *bytes = ggml_type("I8"), *scales = &ggml_type(stored.scale_dtype);
  const std::size_t scale_rows = blocks_of(matrix.rows, stored.block_rows),
                    scale_cols = blocks_of(matrix.cols, stored.block_cols);
  return {{name, {matrix.rows, matrix.cols}, bytes, bytes, matrix.file, matrix.offset},
          {concat(name, scales_ending),
           {scale_rows, scale_cols},
           scales,
           scales,
           stored.scales.file,
           stored.scales.offset}};
}

MOE_INLINE PlannedTensor MatrixPlanner::copy(std::string name, const TensorInfo& tensor) const {
  const std::string_view type_name =
      tensor.dtype_name == "F8_E4M3" ? "I8" : std::string_view(tensor.dtype_name);
  const GgmlType* type = tensor.dtype != DType::other ? &ggml_type(tensor.dtype) : ggml_type(type_name);
  if (!type)
    fail(checkpoint_.file_of(tensor), concat("tensor \"", tensor.name, '"'),
         "a type that GGUF files can hold", tensor.dtype_name);
  PlannedTensor out{std::move(name), tensor.shape, type, type, tensor.file, tensor.offset};
  if (out.shape.empty()) out.shape = {1};  // GGUF has no scalars
  return out;
}

MOE_INLINE PlannedTensor MatrixPlanner::keep(const std::string& name, const TensorInfo& tensor) {
  not_converted_.push_back(name);
  return copy(name, tensor);
}

}  // namespace moe::inline MOE_ABI::detail
