// SPDX-License-Identifier: MIT
#pragma once
#include "panels.hpp"
#include "dtype.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Fields of one width in each block of a row: `count` of them, from byte `first` of the block on.
struct PanelFields {
  std::size_t width, first, count;
};

/// The fields of a block that are f16 numbers. For iq4_xs, none: its f16 scale is part of the first group of four bytes.
MOE_INLINE PanelFields halves_of_panel(DType dtype) {
  switch (dtype) {
    case DType::q5_1:
    case DType::q4_1:
    case DType::q4_k:
    case DType::q5_k: return {2, 0, 2};
    case DType::q6_k: return {2, 208, 1};
    case DType::q3_k: return {2, 108, 1};
    case DType::q2_k: return {2, 80, 2};
    case DType::iq4_xs: return {2, 0, 0};
    default: return {2, 0, 1};
  }
}

/// All fields of a block: its f16 numbers, and the groups of four bytes before or behind them.
MOE_INLINE std::array<PanelFields, 2> fields_of(DType dtype) {
  const PanelFields halves = halves_of_panel(dtype);
  const std::size_t half_bytes = halves.width * halves.count;
  return {{halves, {4, halves.first == 0 ? half_bytes : 0, (layout_of(dtype).bytes - half_bytes) / 4}}};
}

/// Copies `count` fields of 16 rows. rows: the first field of row 0, with rows row_bytes apart. panel: the same field of row 0
/// in the panel. A fold over the rows, not a loop, halves the time (GCC 12, -O2).
template <std::size_t Width, std::size_t... Row>
void interleave(const std::byte* rows, std::size_t row_bytes, std::size_t count, std::byte* panel,
                std::index_sequence<Row...>) {
  for (std::size_t i = 0; i < count; ++i, rows += Width, panel += panel_rows * Width)
    (std::memcpy(panel + Row * Width, rows + Row * row_bytes, Width), ...);
}

/// Writes 16 rows, at `rows`, as a panel.
MOE_INLINE void make_panel(const std::byte* rows, DType dtype, std::size_t row_bytes, std::byte* panel) {
  const auto [halves, groups] = fields_of(dtype);
  for (std::size_t at = 0; at < row_bytes; at += layout_of(dtype).bytes) {
    interleave<2>(rows + at + halves.first, row_bytes, halves.count, panel + panel_rows * (at + halves.first),
                  std::make_index_sequence<panel_rows>());
    interleave<4>(rows + at + groups.first, row_bytes, groups.count, panel + panel_rows * (at + groups.first),
                  std::make_index_sequence<panel_rows>());
  }
}

MOE_INLINE bool fits_panels(const Matrix& matrix) {
  return is_quantised(matrix.dtype) && matrix.rows % panel_rows == 0 && matrix.order == Matrix::Order::rows;
}

MOE_INLINE Matrix to_panels(const Matrix& matrix, std::byte* out) {
  MOE_ASSERT(fits_panels(matrix));
  const std::size_t row_bytes = matrix.row_bytes();
  for (std::size_t row = 0; row < matrix.rows; row += panel_rows)
    make_panel(matrix.data + row * row_bytes, matrix.dtype, row_bytes, out + row * row_bytes);
  return {out, matrix.dtype, matrix.rows, matrix.cols, Matrix::Order::panels};
}

MOE_INLINE Matrix to_panels_in_place(const Matrix& matrix, std::byte* memory) {
  MOE_ASSERT(fits_panels(matrix) && matrix.data == memory);
  const std::size_t row_bytes = matrix.row_bytes();
  std::vector<std::byte> rows(panel_rows * row_bytes);
  for (std::size_t row = 0; row < matrix.rows; row += panel_rows) {
    std::memcpy(rows.data(), memory + row * row_bytes, rows.size());
    make_panel(rows.data(), matrix.dtype, row_bytes, memory + row * row_bytes);
  }
  return {memory, matrix.dtype, matrix.rows, matrix.cols, Matrix::Order::panels};
}

MOE_INLINE void copy_row(const Matrix& matrix, std::size_t r, std::byte* out) {
  MOE_ASSERT(r < matrix.rows);
  const std::size_t row_bytes = matrix.row_bytes();
  if (matrix.order == Matrix::Order::rows) {
    std::memcpy(out, matrix.data + r * row_bytes, row_bytes);
    return;
  }
  const std::byte* panel = matrix.data + r / panel_rows * panel_rows * row_bytes;
  for (std::size_t begin = 0; begin < row_bytes; begin += layout_of(matrix.dtype).bytes)
    for (const auto& [width, first, count] : fields_of(matrix.dtype))
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = begin + first + i * width;
        std::memcpy(out + at, panel + panel_rows * at + r % panel_rows * width, width);
      }
}

}  // namespace moe::inline MOE_ABI::detail
