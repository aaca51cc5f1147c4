// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"
#include "tensor.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

// Panels: an order of the bytes of a quantised matrix in which 16 rows are interleaved, so that a kernel loads the same
// columns of 16 rows at once and reads memory in order. The sizes do not change.
//
// A panel holds 16 neighbouring rows. Its bytes are sorted by block of columns, then by field of the block, then by row. The
// fields of a block are its f16 numbers and its other bytes in groups of four, in the order of the block:
//   q4_0, iq4_nl  f16 scale, 4 groups          q6_k    52 groups, f16 scale
//   q5_0          f16 scale, 5 groups          q3_k    27 groups, f16 scale
//   q8_0          f16 scale, 8 groups          q2_k    20 groups, 2 f16 numbers
//   q4_1          2 f16 numbers, 4 groups      q4_k    2 f16 numbers, 35 groups
//   q5_1          2 f16 numbers, 5 groups      q5_k    2 f16 numbers, 43 groups
//                                              iq4_xs  34 groups, the first with the f16 scale
// Thus a field of `width` bytes that begins at byte `at` of a row begins, for row r of the panel, at byte 16 · at + r · width
// of the panel.

inline constexpr std::size_t panel_rows = 16;

/// Whether kernels multiply this matrix in panels: it is quantised, has a multiple of 16 rows, and is not in panels yet.
bool fits_panels(const Matrix& matrix);

/// Writes the matrix in panels to `out`, [matrix.bytes()], which must not overlap the matrix. Returns a view of `out`.
/// Precondition: fits_panels(matrix).
Matrix to_panels(const Matrix& matrix, std::byte* out);

/// Puts a matrix into panels in place, and returns a view of the panels. memory: the bytes of the matrix. Allocates memory for
/// one panel. Precondition: fits_panels(matrix).
Matrix to_panels_in_place(const Matrix& matrix, std::byte* memory);

/// Copies the bytes of row r to `out`, [matrix.row_bytes()], in the order of a row, also if the matrix is in panels.
void copy_row(const Matrix& matrix, std::size_t r, std::byte* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "panels.ipp"
#endif
