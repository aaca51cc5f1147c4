// Matrix products for weight types without a kernel: a tile of blocks is decoded to floats by the decoder of
// core/dequantise.hpp and multiplied like f32 weights. Compiled once per instruction set, for all such types.
//
// The order of summation is the one of matmul.inl: accumulators stay vectors until the last column.
// No software prefetch: decoding takes more than 30 times as long as reading the weights from memory (measured on Zen 4).

inline constexpr std::size_t decoded_rows = 4;
inline constexpr std::size_t decoded_cols = 256;   // a multiple of the block of every type
inline constexpr std::size_t decoded_tokens = 16;  // tokens that share one decoded tile

struct DecodedTile {
  float weights[decoded_rows][decoded_cols];
  Vec total[decoded_rows][decoded_tokens];
};

/// tile.total[r][token + t] += tile.weights[r, :] · x[t, :], lane by lane, for `cols` columns of all rows of the tile.
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

/// out[t, r] for rows [row, row + rows) and tokens [token, token + tokens); rows <= decoded_rows, tokens <= decoded_tokens.
inline void decoded_tile(const MatmulArgs& a, std::size_t row, std::size_t rows, std::size_t token,
                         std::size_t tokens) {
  const auto [name, elements, bytes] = layout_of(a.dtype);
  const auto decode = moe::detail::block_decoder(a.dtype);
  DecodedTile tile;
  for (auto& of_row : tile.total)
    for (Vec& total : of_row) total = zero();

  for (std::size_t c = 0; c < a.cols; c += decoded_cols) {
    const std::size_t cols = a.cols - c < decoded_cols ? a.cols - c : decoded_cols;
    for (std::size_t r = 0; r < decoded_rows; ++r) {  // after the last row the tile repeats it
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
