// Products of float weights (f32, f16, bf16) with float activations. Compiled once per instruction set.
//
// Every element of the result is summed in one fixed order, whatever the tile it is computed in: one vector
// accumulator along the columns, then sum(). So decoding (one token) and prompts (many) give the same bits.

/// So far ahead of what they use do products of one token ask for weights: what the memory must have under way at a time.
inline constexpr std::size_t ahead_bytes = 16 * 64;

/// total[r] += weights[r * row_bytes ...] · x, lane by lane, for the columns of whole cache lines; returns how many they are.
/// A line is used up at once: rows that lie a multiple of 4096 bytes apart compete for the same few places in the cache.
template <class Type, std::size_t Rows>
inline std::size_t add_lines(const std::byte* weights, std::size_t row_bytes, std::size_t cols,
                             const float* x, Vec (&total)[Rows][1]) {
  constexpr std::size_t vecs = 64 / (lanes * Type::bytes) > 1 ? 64 / (lanes * Type::bytes) : 1;
  std::size_t c = 0;
  for (; c + vecs * lanes <= cols; c += vecs * lanes) {
    MOE_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      const std::byte* line = weights + r * row_bytes + c * Type::bytes;
      prefetch_far(line + ahead_bytes);
      MOE_UNROLL
      for (std::size_t i = 0; i < vecs; ++i)
        total[r][0] = fma(load(Type{}, line + i * lanes * Type::bytes), load(x + c + i * lanes), total[r][0]);
    }
  }
  return c;
}

/// out[t, r] = weights[r, :] · x[t][:] for a tile of rows, each `apart` rows behind the one before, and of tokens, so that
/// each load serves several products.
template <class Type, std::size_t Rows, std::size_t Tokens>
inline void float_tile(const MatmulArgs& a, std::size_t row, std::size_t apart, std::size_t token) {
  const std::byte* weights = a.weights + row * a.row_bytes;
  const std::size_t row_bytes = apart * a.row_bytes;
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
    for (std::size_t t = 0; t < Tokens; ++t) xs[t] = load_some(x[t] + whole, a.cols - whole);
    MOE_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      const Vec w = load_some(Type{}, weights + r * row_bytes + whole * Type::bytes, a.cols - whole);
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = fma(w, xs[t], total[r][t]);
    }
  }

  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    MOE_UNROLL
    for (std::size_t r = 0; r < Rows; ++r)
      a.out[(token + t) * a.out_stride + row + r * apart] = sum(total[r][t]);
  }
}

template <class Type, std::size_t Rows, std::size_t Tokens>
inline void float_rows(const MatmulArgs& a, std::size_t token) {
  std::size_t row = 0;
  for (; row + Rows <= a.rows; row += Rows) float_tile<Type, Rows, Tokens>(a, row, 1, token);
  for (; row < a.rows; ++row) float_tile<Type, 1, Tokens>(a, row, 1, token);
}

/// One token alone: the weights are taken as a few runs of rows, side by side, each of them from its begin to its end. So
/// memory is read in few long streams, which is what prefetchers follow best, and the sums do not wait for each other.
template <class Type>
inline void float_vector(const MatmulArgs& a, std::size_t token) {
  constexpr std::size_t runs = lanes < 8 ? 8 : 4;
  const std::size_t run = a.rows / runs;
  for (std::size_t row = 0; row < run; ++row) float_tile<Type, runs, 1>(a, row, run, token);
  for (std::size_t row = run * runs; row < a.rows; ++row) float_tile<Type, 1, 1>(a, row, 1, token);
}

/// Four rows by four tokens keep 16 sums, 4 activations and 1 weight in registers (32 with AVX-512 and NEON;
/// with AVX2's 16 two by four do).
template <class Type>
void matmul_float(const MatmulArgs& a) {
  constexpr std::size_t rows = registers >= 32 ? 4 : 2;
  std::size_t token = 0;
  for (; token + 4 <= a.tokens; token += 4) float_rows<Type, rows, 4>(a, token);
  for (; token < a.tokens; ++token) float_vector<Type>(a, token);
}
