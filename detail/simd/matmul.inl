// SPDX-License-Identifier: MIT
// Matrix products of float weights (f32, f16, bf16) with float activations. Compiled once per instruction set.
//
// Each element of the result has one order of summation, whichever tile computes it: one vector accumulator along the
// columns, then sum(). One token and many tokens therefore give the same bits.

/// Prefetch distance in bytes of products with one token, in each of the streams of float_vector(). Measured: 512 to 1536
/// bytes give the same speed.
inline constexpr std::size_t prefetch_bytes = 16 * 64;

/// total[r] += weights[r, :] · x, lane by lane, for the columns that fill whole cache lines. Returns the number of these
/// columns. Each line is used completely before the next row, because rows at a distance of a multiple of 4096 bytes share
/// one cache set.
template <class Type, std::size_t Rows>
inline std::size_t add_lines(const std::byte* weights, std::size_t row_bytes, std::size_t cols,
                             const float* x, Vec (&total)[Rows][1]) {
  constexpr std::size_t vecs = 64 / (lanes * Type::bytes) > 1 ? 64 / (lanes * Type::bytes) : 1;
  std::size_t c = 0;
  for (; c + vecs * lanes <= cols; c += vecs * lanes) {
    MOE_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      const std::byte* line = weights + r * row_bytes + c * Type::bytes;
      prefetch_to_l2(line + prefetch_bytes);
      MOE_UNROLL
      for (std::size_t i = 0; i < vecs; ++i)
        total[r][0] = fma(load(Type{}, line + i * lanes * Type::bytes), load(x + c + i * lanes), total[r][0]);
    }
  }
  return c;
}

/// out[t, r] for a tile of the rows row, row + row_step, ... and of consecutive tokens; each load serves several products.
template <class Type, std::size_t Rows, std::size_t Tokens>
inline void float_tile(const MatmulArgs& a, std::size_t row, std::size_t row_step, std::size_t token) {
  const std::byte* weights = a.weights + row * a.row_bytes;
  const std::size_t row_bytes = row_step * a.row_bytes;
  const float* x[Tokens];
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) x[t] = a.x + a.row_of(token + t) * a.x_stride;

  Vec total[Rows][Tokens];
  MOE_UNROLL
  for (std::size_t r = 0; r < Rows; ++r) {
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = zero();
  }

  const std::size_t whole = a.cols / lanes * lanes;
  std::size_t c = 0;
  if constexpr (Tokens == 1) c = add_lines<Type, Rows>(weights, row_bytes, a.cols, x[0], total);
  for (; c < whole; c += lanes) {
    Vec xs[Tokens];
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) xs[t] = load(x[t] + c);
    MOE_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      const Vec w = load(Type{}, weights + r * row_bytes + c * Type::bytes);
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = fma(w, xs[t], total[r][t]);
    }
  }
  if (whole < a.cols) {
    Vec xs[Tokens];
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) xs[t] = load_partial(x[t] + whole, a.cols - whole);
    MOE_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      const Vec w = load_partial(Type{}, weights + r * row_bytes + whole * Type::bytes, a.cols - whole);
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = fma(w, xs[t], total[r][t]);
    }
  }

  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    MOE_UNROLL
    for (std::size_t r = 0; r < Rows; ++r)
      a.out[(token + t) * a.out_stride + row + r * row_step] = sum(total[r][t]);
  }
}

template <class Type, std::size_t Rows, std::size_t Tokens>
inline void float_rows(const MatmulArgs& a, std::size_t token) {
  std::size_t row = 0;
  for (; row + Rows <= a.rows; row += Rows) float_tile<Type, Rows, Tokens>(a, row, 1, token);
  for (; row < a.rows; ++row) float_tile<Type, 1, Tokens>(a, row, 1, token);
}

/// The product with one token: the rows are divided into a few ranges, and row i of all ranges is processed together. Memory
/// is then read in a few long streams, which hardware prefetchers follow best, and the accumulators are independent of each
/// other.
/// Measured: 4 streams are faster than 2, 3, 6 or 8, and than 16 neighbouring rows; see tests/bench/LOG.md.
template <class Type>
inline void float_vector(const MatmulArgs& a, std::size_t token) {
  constexpr std::size_t streams = lanes < 8 ? 8 : 4;
  const std::size_t rows = a.rows / streams;
  for (std::size_t row = 0; row < rows; ++row) float_tile<Type, streams, 1>(a, row, rows, token);
  for (std::size_t row = rows * streams; row < a.rows; ++row) float_tile<Type, 1, 1>(a, row, 1, token);
}

/// 4 rows × 4 tokens keep 16 accumulators, 4 activations and 1 weight in the 32 registers of AVX-512 and NEON; 2 × 4 fit
/// into the 16 registers of AVX2.
template <class Type>
void matmul_float(const MatmulArgs& a) {
  constexpr std::size_t rows = registers >= 32 ? 4 : 2;
  std::size_t token = 0;
  for (; token + 4 <= a.tokens; token += 4) float_rows<Type, rows, 4>(a, token);
  for (; token < a.tokens; ++token) float_vector<Type>(a, token);
}
