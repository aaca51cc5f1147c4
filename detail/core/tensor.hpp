// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"
#include "dtype.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI {

/// A view of `size` numbers at an address of any alignment. The owner of the bytes must outlive the view.
struct Vector {
  const std::byte* data = nullptr;  // the first number
  DType dtype = DType::f32;         // of each number
  std::size_t size = 0;             // in numbers

  /// The size in bytes.
  std::size_t bytes() const { return detail::bytes_of(dtype, size); }
};

/// A view of a row-major matrix [rows, cols] at an address of any alignment. The owner of the bytes must outlive the view.
struct Matrix {
  const std::byte* data = nullptr;  // the first number
  DType dtype = DType::f32;         // of each number
  std::size_t rows = 0;             // the number of outputs of a product
  std::size_t cols = 0;             // the number of inputs of a product

  /// The order of the bytes: one row after the other, or panels of 16 interleaved rows, which kernels read faster
  /// (detail/core/panels.hpp).
  enum class Order { rows, panels };
  Order order = Order::rows;  // of the bytes

  /// The size in bytes of one row; for panels, a sixteenth of a panel.
  std::size_t row_bytes() const { return detail::bytes_of(dtype, cols); }
  /// The size in bytes.
  std::size_t bytes() const { return rows * row_bytes(); }

  /// A view of row r < rows. Requires Order::rows.
  Vector row(std::size_t r) const {
    MOE_ASSERT(r < rows && order == Order::rows);
    return {data + r * row_bytes(), dtype, cols};
  }
};

}  // namespace moe::inline MOE_ABI
