// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"
#include "tensor.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

// Panels: an order of the bytes of a quantised matrix in which 16 rows are interleaved, so that a kernel loads the same
// columns of 16 rows at once and reads memory in order. The sizes do not change.
//
// A panel is 16 neighbouring rows. It holds, for each block of columns in order, the fields of the block in order, and for
// each field the values of the 16 rows in order. The fields of a block are its f16 numbers and its other bytes in groups of
// four; in iq4_xs, the f16 scale belongs to the first group:
//   q4_0, iq4_nl  f16 scale, 4 groups           q5_0, q8_0   f16 scale, 5, 8 groups
//   q4_1, q5_1    2 f16 numbers, 4, 5 groups    q6_k, q3_k   52, 27 groups, f16 scale
//   q4_k, q5_k    2 f16 numbers, 35, 43 groups  q2_k         20 groups, 2 f16 numbers
//   iq4_xs        34 groups
// A field of `width` bytes that begins at byte `at` of a row thus stands, for row r of the panel, at 16 · at + r · width.

inline constexpr std::size_t panel_rows = 16;

/// Whether kernels multiply this matrix in panels: it is quantised, its rows are a multiple of 16, and it is not in panels yet.
bool fits_panels(const Matrix& matrix);

/// Writes the matrix in panels to `out`, [matrix.bytes()], which does not overlap it. Returns a view of `out`.
/// Precondition: fits_panels(matrix).
Matrix to_panels(const Matrix& matrix, std::byte* out);

/// Puts the matrix, whose bytes are `memory`, into panels in place. Allocates memory for one panel. Precondition:
/// fits_panels(matrix).
Matrix to_panels_in_place(const Matrix& matrix, std::byte* memory);

/// Copies row r of a matrix in either order to `out`, [matrix.row_bytes()].
void copy_row(const Matrix& matrix, std::size_t r, std::byte* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "panels.ipp"
#endif
