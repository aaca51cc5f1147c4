#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../core/tensor.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI {

/// Names one expert of a model.
struct ExpertId {
  std::uint32_t layer = 0;
  std::uint32_t expert = 0;
  friend auto operator<=>(const ExpertId&, const ExpertId&) = default;
};

/// The weights of one gated feed-forward expert, as views: y = down · (silu(gate · x) ∘ (up · x)).
struct ExpertWeights {
  Matrix gate;  // [width, hidden]
  Matrix up;    // [width, hidden]
  Matrix down;  // [hidden, width]

  std::size_t bytes() const { return gate.bytes() + up.bytes() + down.bytes(); }
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// `gate of expert 3 of layer 7`, for errors.
std::string describe(std::string_view projection, ExpertId id);

/// Throws an error that names the matrix, the expected shape and what was found.
[[noreturn]] void refuse_matrix(std::string_view projection, ExpertId id, const Matrix& matrix,
                                std::size_t rows, std::size_t cols);

/// Throws unless kernels can multiply the matrix and its shape is [rows, cols].
inline void require_matrix(std::string_view projection, ExpertId id, const Matrix& matrix, std::size_t rows,
                           std::size_t cols) {
  const bool usable = matrix.rows == rows && matrix.cols == cols && matrix.dtype < DType::other &&
                      cols % layout_of(matrix.dtype).elements == 0;
  if (!usable) refuse_matrix(projection, id, matrix, rows, cols);
}

/// Throws unless gate and up are [width, hidden], down is [hidden, width], and kernels can multiply their types.
/// A lease comes from code of the caller, and the buffers of a layer have room for these shapes only.
inline void require_shapes(ExpertId id, const ExpertWeights& weights, std::size_t hidden, std::size_t width) {
  require_matrix("gate", id, weights.gate, width, hidden);
  require_matrix("up", id, weights.up, width, hidden);
  require_matrix("down", id, weights.down, hidden, width);
}

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert.ipp"
#endif
