// Softmax-weighted sums over a KV cache. Compiled once per instruction set.

inline float maximum(const float* x, std::size_t n) {
  float most = x[0];
  for (std::size_t i = 1; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

/// out[q, :] = factors[q] · out[q, :] + Σ over rows j of weights[q, j] · values[j, :], for `Queries` rows of out.
template <class Type, std::size_t Queries>
inline void add_values(const AttentionArgs& a, const std::byte* values, std::size_t rows,
                       const float* weights, const float* factors, float* out) {
  for (std::size_t d = 0; d < a.head_dim; d += lanes) {
    const std::size_t n = a.head_dim - d < lanes ? a.head_dim - d : lanes;
    Vec total[Queries];
    MOE_UNROLL
    for (std::size_t q = 0; q < Queries; ++q)
      total[q] = mul(load_some(out + q * a.head_dim + d, n), set(factors[q]));
    for (std::size_t j = 0; j < rows; ++j) {
      const std::byte* from = values + (j * a.head_dim + d) * Type::bytes;
      const Vec v = n == lanes ? load(Type{}, from) : load_some(Type{}, from, n);
      MOE_UNROLL
      for (std::size_t q = 0; q < Queries; ++q) total[q] = fma(v, set(weights[q * kv_block + j]), total[q]);
    }
    MOE_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) store_some(out + q * a.head_dim + d, total[q], n);
  }
}

/// One block of keys for all queries of a group: scores, the running maxima and sums, and the values.
template <class Type>
inline void attend_block(const AttentionArgs& a, const float* queries, float* out, std::size_t first,
                         std::size_t rows) {
  float* scores = a.scratch;                           // [queries, kv_block]
  float* largest_yet = scores + a.queries * kv_block;  // [queries]
  float* sums = largest_yet + a.queries;               // [queries]
  float* factors = sums + a.queries;                   // [queries]

  MatmulArgs product = {};
  product.weights = a.keys + first * a.head_dim * Type::bytes;
  product.row_bytes = a.head_dim * Type::bytes;
  product.rows = rows;
  product.cols = a.head_dim;
  product.tokens = a.queries;
  product.x = queries;
  product.x_stride = a.head_dim;
  product.out = scores;
  product.out_stride = kv_block;
  matmul_float<Type>(product);

  for (std::size_t q = 0; q < a.queries; ++q) {
    float* row = scores + q * kv_block;
    const float most = maximum(row, rows);
    const float before = largest_yet[q];
    largest_yet[q] = most > before ? most : before;
    // What has been summed so far was relative to the old maximum.
    float factor[lanes];
    store(factor, exp(set(before - largest_yet[q])));
    factors[q] = factor[0];
    sums[q] = sums[q] * factors[q] + exponentiate(row, largest_yet[q], rows);
  }

  const std::byte* values = a.values + first * a.head_dim * Type::bytes;
  std::size_t q = 0;
  for (; q + 4 <= a.queries; q += 4)
    add_values<Type, 4>(a, values, rows, scores + q * kv_block, factors + q, out + q * a.head_dim);
  for (; q < a.queries; ++q)
    add_values<Type, 1>(a, values, rows, scores + q * kv_block, factors + q, out + q * a.head_dim);
}

template <class Type>
void attend(const AttentionArgs& a) {
  for (std::size_t t = 0; t < a.tokens; ++t) {
    const float* queries = a.q + t * a.q_stride;
    float* out = a.out + t * a.q_stride;
    float* largest_yet = a.scratch + a.queries * kv_block;
    float* sums = largest_yet + a.queries;
    for (std::size_t q = 0; q < a.queries; ++q) {
      largest_yet[q] = -3e38f;
      sums[q] = 0;
    }
    for (std::size_t i = 0; i < a.queries * a.head_dim; ++i) out[i] = 0;

    const std::size_t end = a.position + t + 1;
    const std::size_t begin = a.window != 0 && end > a.window ? end - a.window : 0;
    // Blocks begin at multiples of kv_block whatever the chunk of the prompt, so the order of summation does
    // too; only a window may begin inside one, and that depends on the token alone.
    for (std::size_t first = begin; first < end;) {
      const std::size_t boundary = (first / kv_block + 1) * kv_block;
      const std::size_t last = boundary < end ? boundary : end;
      attend_block<Type>(a, queries, out, first, last - first);
      first = last;
    }
    for (std::size_t q = 0; q < a.queries; ++q) scale(out + q * a.head_dim, 1.0f / sums[q], a.head_dim);
  }
}
