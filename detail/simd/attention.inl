// Softmax-weighted sums over a KV cache. Compiled once per instruction set.
//
// Keys lie with the same dimension of `key_lanes` positions side by side, so that scores grow in lanes, each along the
// dimensions, and none is a sum across lanes. Every score and every sum has one order, whatever else is computed beside it.

inline constexpr std::size_t attention_queries = registers >= 32 ? 8 : 4;  // at once, by two vectors
static_assert(key_lanes % (2 * lanes) == 0);

/// Asks for `bytes` that come after a block of the cache, at the same place.
inline void prefetch_after(const std::byte* at, std::size_t after, std::size_t bytes) {
  MOE_UNROLL
  for (std::size_t i = 0; i < bytes; i += 64) prefetch_far(at + after + i);
}

/// scores[q, j] += Σ_d queries[d, q] · keys[d, j] over `dims` dimensions for two vectors of positions j, in rows of kv_block.
/// First: the scores are not there yet.
template <class Type, std::size_t Queries>
inline void add_scores(const float* queries, const std::byte* keys, std::size_t dims, std::size_t after,
                       bool first, float* scores) {
  Vec total[Queries][2];
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) total[q][0] = total[q][1] = zero();
  for (std::size_t d = 0; d < dims; ++d) {
    prefetch_after(keys, after, 2 * lanes * Type::bytes);
    const Vec low = load(Type{}, keys), high = load(Type{}, keys + lanes * Type::bytes);
    MOE_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) {
      const Vec x = set(queries[q]);
      total[q][0] = fma(low, x, total[q][0]);
      total[q][1] = fma(high, x, total[q][1]);
    }
    keys += key_lanes * Type::bytes;
    queries += Queries;
  }
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) {
    float* at = scores + q * kv_block;
    store(at, first ? total[q][0] : add(load(at), total[q][0]));
    store(at + lanes, first ? total[q][1] : add(load(at + lanes), total[q][1]));
  }
}

/// The scores of the positions [first, last) of one block, at their places in scores[q, kv_block].
template <class Type, std::size_t Queries>
inline void score(const AttentionArgs& a, std::size_t first, std::size_t last, std::size_t after,
                  const float* queries, float* scores) {
  constexpr std::size_t some_dims = 32;  // sums of sums are more exact than a long one
  for (std::size_t j = first / (2 * lanes) * (2 * lanes); j < last; j += 2 * lanes) {
    const std::byte* keys = a.keys + (j / key_lanes * a.head_dim * key_lanes + j % key_lanes) * Type::bytes;
    for (std::size_t d = 0; d < a.head_dim; d += some_dims)
      add_scores<Type, Queries>(queries + d * Queries, keys + d * key_lanes * Type::bytes,
                                a.head_dim - d < some_dims ? a.head_dim - d : some_dims, after, d == 0,
                                scores + j % kv_block);
  }
}

/// out[q, d] = factors[q] · out[q, d] + Σ over rows j of weights[q, j] · values[j, d], for the dimensions d of `Vectors`
/// vectors; of the last only n are there.
template <class Type, std::size_t Queries, std::size_t Vectors>
inline void add_values(const AttentionArgs& a, const std::byte* values, std::size_t rows, std::size_t after,
                       std::size_t n, const float* weights, const float* factors, float* out) {
  Vec total[Queries][Vectors];
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      total[q][v] =
          mul(load_some(out + q * a.head_dim + v * lanes, v + 1 < Vectors ? lanes : n), set(factors[q]));
  }
  for (std::size_t j = 0; j < rows; ++j) {
    prefetch_after(values, after, Vectors * lanes * Type::bytes);
    Vec value[Vectors];
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      value[v] = v + 1 < Vectors || n == lanes ? load(Type{}, values + v * lanes * Type::bytes)
                                               : load_some(Type{}, values + v * lanes * Type::bytes, n);
    MOE_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) {
      const Vec weight = set(weights[q * kv_block + j]);
      MOE_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) total[q][v] = fma(value[v], weight, total[q][v]);
    }
    values += a.head_dim * Type::bytes;
  }
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      store_some(out + q * a.head_dim + v * lanes, total[q][v], v + 1 < Vectors ? lanes : n);
  }
}

inline float maximum(const float* x, std::size_t n) {
  Vec most = set(x[0]);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) most = max(most, load(x + i));
  float out = largest(most);
  for (; i < n; ++i) out = x[i] > out ? x[i] : out;
  return out;
}

/// Softmax of scores[q, 0 .. rows) relative to the largest yet. sums, factors: what has been summed before is multiplied
/// with, as it was relative to the old maximum.
inline void weigh(float* scores, std::size_t rows, float& largest_yet, float& sum, float& factor) {
  const float most = maximum(scores, rows);
  const float before = largest_yet;
  largest_yet = most > before ? most : before;
  factor = 1;
  if (most > before) {
    float factors[lanes];
    store(factors, exp(set(before - most)));
    factor = factors[0];
  }
  sum = sum * factor + exponentiate(scores, largest_yet, rows);
}

/// What one block of positions, [first, last), adds for some queries of a token.
template <class Type, std::size_t Queries>
inline void attend_block(const AttentionArgs& a, std::size_t first, std::size_t last, std::size_t end,
                         const float* queries, float* largest_yet, float* sums, float* out) {
  const std::size_t row_bytes = a.head_dim * Type::bytes;
  const std::size_t begin = first / kv_block * kv_block;
  // Behind the last block nothing is to come.
  const std::size_t after = last < end ? kv_block * row_bytes : 0;
  alignas(64) float scores[Queries * kv_block];
  float factors[Queries];

  score<Type, Queries>(a, first, last, after, queries, scores);
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q)
    weigh(scores + q * kv_block + (first - begin), last - first, largest_yet[q], sums[q], factors[q]);

  const std::byte* values = a.values + first * row_bytes;
  const float* weights = scores + (first - begin);
  std::size_t d = 0;
  for (; d + 2 * lanes <= a.head_dim; d += 2 * lanes)
    add_values<Type, Queries, 2>(a, values + d * Type::bytes, last - first, after, lanes, weights, factors,
                                 out + d);
  for (; d < a.head_dim; d += lanes)
    add_values<Type, Queries, 1>(a, values + d * Type::bytes, last - first, after,
                                 a.head_dim - d < lanes ? a.head_dim - d : lanes, weights, factors, out + d);
}

/// Some queries of a token that stands at end - 1.
template <class Type, std::size_t Queries>
inline void attend_queries(const AttentionArgs& a, std::size_t end, const float* q, float* out) {
  float* queries = a.scratch;  // [head_dim, Queries]
  for (std::size_t d = 0; d < a.head_dim; ++d) {
    MOE_UNROLL
    for (std::size_t i = 0; i < Queries; ++i) queries[d * Queries + i] = q[i * a.head_dim + d];
  }
  float largest_yet[Queries], sums[Queries];
  for (std::size_t i = 0; i < Queries; ++i) {
    largest_yet[i] = -3e38f;
    sums[i] = 0;
  }
  for (std::size_t i = 0; i < Queries * a.head_dim; ++i) out[i] = 0;

  const std::size_t begin = a.window != 0 && end > a.window ? end - a.window : 0;
  // Blocks begin at multiples of kv_block whatever the chunk of the prompt, so the order of summation does
  // too; only a window may begin inside one, and that depends on the token alone.
  for (std::size_t first = begin; first < end;) {
    const std::size_t boundary = (first / kv_block + 1) * kv_block;
    const std::size_t last = boundary < end ? boundary : end;
    attend_block<Type, Queries>(a, first, last, end, queries, largest_yet, sums, out);
    first = last;
  }
  for (std::size_t i = 0; i < Queries; ++i) scale(out + i * a.head_dim, 1.0f / sums[i], a.head_dim);
}

template <class Type>
void attend(const AttentionArgs& a) {
  for (std::size_t t = 0; t < a.tokens; ++t) {
    const float* queries = a.q + t * a.q_stride;
    float* out = a.out + t * a.q_stride;
    const std::size_t end = a.position + t + 1;
    std::size_t q = 0;
    for (; q + attention_queries <= a.queries; q += attention_queries)
      attend_queries<Type, attention_queries>(a, end, queries + q * a.head_dim, out + q * a.head_dim);
    for (; q + 2 <= a.queries; q += 2)
      attend_queries<Type, 2>(a, end, queries + q * a.head_dim, out + q * a.head_dim);
    for (; q < a.queries; ++q)
      attend_queries<Type, 1>(a, end, queries + q * a.head_dim, out + q * a.head_dim);
  }
}
