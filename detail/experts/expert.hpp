// SPDX-License-Identifier: MIT
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
  std::uint32_t layer = 0;   // index in the model, layers without experts included
  std::uint32_t expert = 0;  // index in the layer
  friend auto operator<=>(const ExpertId&, const ExpertId&) = default;
};

/// The weights of one expert, as views: y = down · activation(gate · x + gate_bias, up · x + up_bias) + down_bias. Networks of
/// two matrices have no gate: the data of `gate` is null, and `gate` has no rows. Biases have the size 0 where a model has
/// none. `hidden` is the width of the inputs of the experts.
struct ExpertWeights {
  Matrix gate;            // [width, hidden]
  Matrix up;              // [width, hidden]
  Matrix down;            // [hidden, width]
  Vector gate_bias = {};  // [width], in f32, f16 or bf16
  Vector up_bias = {};    // [width]
  Vector down_bias = {};  // [hidden]

  /// The size of all matrices and biases in bytes.
  std::size_t bytes() const {
    return gate.bytes() + up.bytes() + down.bytes() + gate_bias.bytes() + up_bias.bytes() + down_bias.bytes();
  }
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The shape that all experts of a layer have.
struct ExpertShape {
  std::size_t hidden = 0;  // the width of inputs and results
  std::size_t width = 0;   // the size of the activation between up and down
  bool gated = true;
  bool biases = false;

  bool operator==(const ExpertShape&) const = default;
};

/// `gate of expert 3 of layer 7`, for errors.
std::string describe(std::string_view part, ExpertId id);

/// Throws an error that names the matrix or the bias, the expected shape and what was found.
[[noreturn]] void refuse_matrix(std::string_view part, ExpertId id, const Matrix& matrix, std::size_t rows,
                                std::size_t cols);
[[noreturn]] void refuse_bias(std::string_view part, ExpertId id, const Vector& bias, std::size_t size);

/// Throws unless kernels can multiply the matrix and its shape is [rows, cols].
inline void require_matrix(std::string_view part, ExpertId id, const Matrix& matrix, std::size_t rows,
                           std::size_t cols) {
  const bool usable = matrix.rows == rows && matrix.cols == cols && matrix.dtype < DType::other &&
                      cols % layout_of(matrix.dtype).elements == 0;
  if (!usable) refuse_matrix(part, id, matrix, rows, cols);
}

/// Throws unless the bias has this size and the type f32, f16 or bf16. A bias of size 0 may have any type.
inline void require_bias(std::string_view part, ExpertId id, const Vector& bias, std::size_t size) {
  using enum DType;
  const bool usable = bias.dtype == f32 || bias.dtype == f16 || bias.dtype == bf16;
  if (bias.size != size || (size > 0 && !usable)) refuse_bias(part, id, bias, size);
}

/// Throws unless gate and up are [width, hidden], down is [hidden, width], kernels can multiply their types, and the biases
/// are [width], [width] and [hidden]. A gate or biases that the shape does not have are refused too. The check is necessary
/// because a lease may come from a provider of the user, and the buffers of a layer have room for these shapes only.
inline void require_shapes(ExpertId id, const ExpertWeights& weights, const ExpertShape& shape) {
  const auto [hidden, width, gated, biases] = shape;
  if (gated || weights.gate.rows != 0) require_matrix("gate", id, weights.gate, gated ? width : 0, hidden);
  require_matrix("up", id, weights.up, width, hidden);
  require_matrix("down", id, weights.down, hidden, width);
  require_bias("gate bias", id, weights.gate_bias, gated && biases ? width : 0);
  require_bias("up bias", id, weights.up_bias, biases ? width : 0);
  require_bias("down bias", id, weights.down_bias, biases ? hidden : 0);
}

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert.ipp"
#endif
