// Products of weights that have no kernel of their own: their blocks are decoded to floats, a tile of rows and columns at a
// time, and multiplied as f32 weights are. Compiled once per instruction set, for all such types.
//
// The order of summation is that of matmul.inl: the sums of a tile are kept as vectors until the last column.

inline constexpr std::size_t decoded_rows = 4;
inline constexpr std::size_t decoded_cols = 256;   // a multiple of every block
inline constexpr std::size_t decoded_tokens = 16;  // that share the work of decoding

struct DecodedTile {
  float weights[decoded_rows][decoded_cols];
  Vec total[decoded_rows][decoded_tokens];
};

/// total[r][t] += weights[r, :] · x[t, :], lane by lane, for `cols` columns of all rows of the tile.
template <std::size_t Tokens>
inline void add_decoded(DecodedTile& tile, const float* const* x, std::size_t token, std::size_t cols) {
  Vec total[decoded_rows][Tokens];
  MOE_UNROLL
  for (std::size_t r = 0; r < decoded_rows; ++r) {
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = tile.total[r][token + t];
  }
  for (std::size_t c = 0; c < cols; c += lanes) {
    Vec xs[Tokens];
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) xs[t] = load(x[t] + c);
    MOE_UNROLL
    for (std::size_t r = 0; r < decoded_rows; ++r) {
      const Vec w = load(tile.weights[r] + c);
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = fma(w, xs[t], total[r][t]);
    }
  }
  MOE_UNROLL
  for (std::size_t r = 0; r < decoded_rows; ++r) {
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) tile.total[r][token + t] = total[r][t];
  }
}

/// out[t, r] for `rows` <= decoded_rows rows from `row` on and `tokens` <= decoded_tokens tokens from `token` on.
inline void decoded_tile(const MatmulArgs& a, std::size_t row, std::size_t rows, std::size_t token,
                         std::size_t tokens) {
  const auto [name, elements, bytes] = layout_of(a.dtype);
  const auto decode = moe::detail::block_decoder(a.dtype);
  DecodedTile tile;
  for (auto& of_row : tile.total)
    for (Vec& total : of_row) total = zero();

  for (std::size_t c = 0; c < a.cols; c += decoded_cols) {
    const std::size_t cols = a.cols - c < decoded_cols ? a.cols - c : decoded_cols;
    for (std::size_t r = 0; r < decoded_rows; ++r) {  // rows that are not there repeat the last one
      const std::byte* from =
          a.weights + (row + (r < rows ? r : rows - 1)) * a.row_bytes + c / elements * bytes;
      for (std::size_t i = 0; i < cols; i += elements, from += bytes) decode(from, tile.weights[r] + i);
    }
    const float* x[decoded_tokens];
    for (std::size_t t = 0; t < tokens; ++t) x[t] = a.x + a.row_of(token + t) * a.x_stride + c;
    std::size_t t = 0;
    for (; t + 4 <= tokens; t += 4) add_decoded<4>(tile, x + t, t, cols);
    for (; t < tokens; ++t) add_decoded<1>(tile, x + t, t, cols);
  }

  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < rows; ++r)
      a.out[(token + t) * a.out_stride + row + r] = sum(tile.total[r][t]);
}

inline void matmul_decoded(const MatmulArgs& a) {
  for (std::size_t token = 0; token < a.tokens; token += decoded_tokens)
    for (std::size_t row = 0; row < a.rows; row += decoded_rows)
      decoded_tile(a, row, a.rows - row < decoded_rows ? a.rows - row : decoded_rows, token,
                   a.tokens - token < decoded_tokens ? a.tokens - token : decoded_tokens);
}
