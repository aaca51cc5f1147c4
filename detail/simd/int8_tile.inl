// SPDX-License-Identifier: MIT
// Tiles of quantised rows, unpacked to vectors with one row per lane. Compiled once per instruction set.
//
// Rows are unpacked tile_cols columns at a time, in units of 32 or 64 columns, by the functions of int8_unpack.inl.

/// Up to tile_cols columns of `lanes` rows.
struct Int8Tile {
  VecI8 weights[tile_cols / 4];
  Int8Scales scales;
};

/// Prefetches the rows that follow, in the order of addresses. Each step covers as many bytes as one unit of all lanes, and
/// is taken when one unit is unpacked: many requests in one burst would fill the queue of the memory system and stall other
/// loads.
template <class Type>
struct WeightPrefetcher {
  static constexpr std::size_t step_bytes = lanes * Type::unit * Type::bytes / Type::block;
  const std::byte* at;

  void step() {
    MOE_UNROLL
    for (std::size_t i = 0; i < step_bytes; i += 64) prefetch_to_l2(at + i);
    at += step_bytes;
  }
};

/// Unpacks `blocks` blocks of 32 columns, at most tile_cols columns, of all rows.
template <class Type>
MOE_NOINLINE void unpack_tile(Type type, const auto& rows, std::size_t blocks,
                              WeightPrefetcher<Type>& prefetcher, Int8Tile& tile) {
  unpack_scales(type, rows, blocks, tile.scales);
  for (std::size_t u = 0; u < blocks * 32 / Type::unit; ++u) {
    VecI8 w[Type::unit / 4];
    prefetcher.step();
    unpack(type, rows, u, w);
    MOE_UNROLL
    for (std::size_t i = 0; i < Type::unit / 4; ++i) tile.weights[u * (Type::unit / 4) + i] = w[i];
  }
}

/// total + scale_of_weights · scale_of_activations · sum (+ offset · sum_of_activations), for group g of each row: one fma
/// for each term, so the order of summation is the order of groups. activation_sum: not read for types without offsets.
template <class Type>
inline Vec add_group(Type, VecI32 sum, const Int8Scales& weights, std::size_t g, float scale,
                     const float& activation_sum, Vec total) {
  total = fma(to_float(sum), mul(weights.scales[g], broadcast(scale)), total);
  if constexpr (Type::has_offsets) total = fma(weights.offsets[g], broadcast(activation_sum), total);
  return total;
}

/// Tokens that share one load of a tile. row_vectors · tile_tokens sums and as many totals are in registers.
inline constexpr std::size_t tile_tokens = 4;
inline constexpr std::size_t remainder_tokens = 2;  // for the last tokens, and for the last rows

/// The bytes of tile_cols columns of one row, for the largest type: eight blocks of q8_0.
inline constexpr std::size_t tile_row_bytes = 8 * Q8_0::bytes;

/// The rows [row, row + lanes) from `column` on. Near the end of the matrix the rows are copied to `copy`, with the last row
/// repeated, so that kernels never read beyond the weights. copy: [lanes, tile_row_bytes].
template <class Type>
inline Int8Rows rows_of(RowsInOrder, const MatmulArgs& a, std::size_t row, std::size_t column,
                        std::size_t blocks, std::byte* copy) {
  const std::size_t at = column / Type::block * Type::bytes;
  if (row + lanes <= a.rows) return Int8Rows(a.weights + row * a.row_bytes + at, a.row_bytes);
  const std::size_t bytes = blocks * 32 / Type::block * Type::bytes;
  for (std::size_t r = 0; r < lanes; ++r)
    std::memcpy(copy + r * bytes, a.weights + (row + r < a.rows ? row + r : a.rows - 1) * a.row_bytes + at,
                bytes);
  return Int8Rows(copy, bytes);
}

/// The rows [row, row + lanes) of panels from `column` on. If `row` lies beyond the last row, the last panel is read instead:
/// the results of such rows are not stored.
template <class Type>
inline PanelRows rows_of(RowsInPanels, const MatmulArgs& a, std::size_t row, std::size_t column, std::size_t,
                         std::byte*) {
  if (row >= a.rows) row = a.rows - panel_rows;
  return {a.weights + row / panel_rows * panel_rows * a.row_bytes +
              panel_rows * (column / Type::block * Type::bytes),
          row % panel_rows};
}
