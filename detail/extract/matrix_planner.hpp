// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/expert_location.hpp"
#include "../io/checkpoint.hpp"
#include "planned_tensor.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Plans how tensors are stored in the result.
class MatrixPlanner {
 public:
  explicit MatrixPlanner(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  /// The tensors that hold a matrix: one tensor, or two for FP8 numbers and their scales. The matrix gets the wanted type, if
  /// there is one and the rows are whole blocks of that type. bias: whether the matrix is a bias, which has one row.
  std::vector<PlannedTensor> plan(const std::string& name, const MatrixLocation& matrix,
                                  std::optional<DType> wanted, bool bias = false);

  /// A tensor that keeps its bytes. Throws if GGUF files cannot hold its type.
  PlannedTensor copy(std::string name, const TensorInfo& tensor) const;

  /// Like copy(), for a tensor that cannot get the wanted type: adds its name to not_converted().
  PlannedTensor keep(const std::string& name, const TensorInfo& tensor);

  /// The names of the tensors that keep their type although another type is wanted, for example because their rows are not
  /// whole blocks of that type. A name is listed once for each call of plan() or keep().
  const std::vector<std::string>& not_converted() const { return not_converted_; }

 private:
  static std::vector<PlannedTensor> plan_e4m3(const std::string& name, const MatrixLocation& matrix);

  Checkpoint checkpoint_;
  std::vector<std::string> not_converted_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "matrix_planner.ipp"
#endif
