// SPDX-License-Identifier: MIT
// Matrix products of weights that are decoded to floats: a tile of blocks is decoded and multiplied like f32 weights. Compiled
// once per instruction set, for all such types.
//
// The order of summation is the one of matmul.inl: accumulators stay vectors until the last column.

inline constexpr std::size_t decoded_rows = 8;
inline constexpr std::size_t decoded_cols = 256;   // a multiple of the block of every type
inline constexpr std::size_t decoded_tokens = 16;  // tokens that share one decoded tile

/// Decodes `cols` numbers of a row, which begin at the block `from`.
using DecodeRow = void (*)(const MatmulArgs&, const std::byte* from, std::size_t cols, float* out);

struct DecodedTile {
  float weights[decoded_rows][decoded_cols];
  Vec total[decoded_rows][decoded_tokens];
};

/// tile.total[row + r][token + t] += tile.weights[row + r, :] · x[t, :], lane by lane, for four rows r and `cols` columns.
template <std::size_t Tokens>
inline void add_decoded(DecodedTile& tile, std::size_t row, const float* const* x, std::size_t token,
                        std::size_t cols) {
  Vec total[4][Tokens];
  MOE_UNROLL
  for (std::size_t r = 0; r < 4; ++r) {
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = tile.total[row + r][token + t];
  }
  for (std::size_t c = 0; c < cols; c += lanes) {
    Vec xs[Tokens];
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) xs[t] = load(x[t] + c);
    MOE_UNROLL
    for (std::size_t r = 0; r < 4; ++r) {
      const Vec w = load(tile.weights[row + r] + c);
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = fma(w, xs[t], total[r][t]);
    }
  }
  MOE_UNROLL
  for (std::size_t r = 0; r < 4; ++r) {
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) tile.total[row + r][token + t] = total[r][t];
  }
}

/// out[t, r] for rows [row, row + rows) and tokens [token, token + tokens); rows <= decoded_rows, tokens <= decoded_tokens.
inline void decoded_tile(const MatmulArgs& a, DecodeRow decode, std::size_t row, std::size_t rows,
                         std::size_t token, std::size_t tokens) {
  constexpr std::size_t together = registers >= 32 ? 4 : 2;
  const auto [name, elements, bytes] = layout_of(a.dtype);
  const std::size_t groups = (rows + 3) / 4;  // of four rows; the last group repeats the last row
  DecodedTile tile;
  for (std::size_t r = 0; r < 4 * groups; ++r)
    for (std::size_t t = 0; t < tokens; ++t) tile.total[r][t] = zero();

  for (std::size_t c = 0; c < a.cols; c += decoded_cols) {
    const std::size_t cols = a.cols - c < decoded_cols ? a.cols - c : decoded_cols;
    for (std::size_t r = 0; r < 4 * groups; ++r)
      decode(a, a.weights + (row + (r < rows ? r : rows - 1)) * a.row_bytes + c / elements * bytes, cols,
             tile.weights[r]);
    const float* x[decoded_tokens];
    for (std::size_t t = 0; t < tokens; ++t) x[t] = a.x + a.row_of(token + t) * a.x_stride + c;
    std::size_t t = 0;
    for (; t + together <= tokens; t += together)
      for (std::size_t g = 0; g < groups; ++g) add_decoded<together>(tile, 4 * g, x + t, t, cols);
    for (; t < tokens; ++t)
      for (std::size_t g = 0; g < groups; ++g) add_decoded<1>(tile, 4 * g, x + t, t, cols);
  }

  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < rows; ++r)
      a.out[(token + t) * a.out_stride + row + r] = sum(tile.total[r][t]);
}

inline void matmul_decoded(const MatmulArgs& a, DecodeRow decode) {
  for (std::size_t token = 0; token < a.tokens; token += decoded_tokens)
    for (std::size_t row = 0; row < a.rows; row += decoded_rows)
      decoded_tile(a, decode, row, a.rows - row < decoded_rows ? a.rows - row : decoded_rows, token,
                   a.tokens - token < decoded_tokens ? a.tokens - token : decoded_tokens);
}
