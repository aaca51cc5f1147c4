// SPDX-License-Identifier: MIT
#pragma once
#include "expert.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string describe(std::string_view part, ExpertId id) {
  return concat(part, " of expert ", id.expert, " of layer ", id.layer);
}

MOE_INLINE void refuse_matrix(std::string_view part, ExpertId id, const Matrix& matrix, std::size_t rows,
                              std::size_t cols) {
  const bool right_shape = matrix.rows == rows && matrix.cols == cols;
  fail("experts", describe(part, id),
       rows == 0 ? std::string("none")
                 : concat('[', rows, ", ", cols, ']',
                          right_shape ? " of a type whose blocks fill the columns" : ""),
       concat('[', matrix.rows, ", ", matrix.cols, "] ", name(matrix.dtype)));
}

MOE_INLINE void refuse_bias(std::string_view part, ExpertId id, const Vector& bias, std::size_t size) {
  fail("experts", describe(part, id),
       size == 0 ? std::string("none") : concat('[', size, "] of f32, f16 or bf16"),
       concat('[', bias.size, "] ", name(bias.dtype)));
}

}  // namespace moe::inline MOE_ABI::detail
