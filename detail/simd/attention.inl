// Attention over a KV cache with online softmax: blocks of kv_block positions are processed in order, and a running maximum
// and a running sum rescale the sums of earlier blocks. Compiled once per instruction set.
// Source: Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018.
//
// Keys are interleaved, [head_dim, key_lanes] for key_lanes positions, so that each score is accumulated in its own lane and
// needs no sum across lanes. Each score and each sum has one order of summation, for any number of queries and tokens.

inline constexpr std::size_t queries_at_once = registers >= 32 ? 8 : 4;  // each takes two accumulators
static_assert(key_lanes % (2 * lanes) == 0);

/// Prefetches the `bytes` at distance `ahead` from `at`: the same place in the next block of the cache.
inline void prefetch_block(const std::byte* at, std::size_t ahead, std::size_t bytes) {
  MOE_UNROLL
  for (std::size_t i = 0; i < bytes; i += 64) prefetch_to_l2(at + ahead + i);
}

/// scores[q, j] = (first ? 0 : scores[q, j]) + Σ over d of queries[d, q] · keys[d, j], for `dims` dimensions and two vectors
/// of positions j. queries: [dims, Queries]. keys: [dims, key_lanes]. scores: [Queries, kv_block].
template <class Type, std::size_t Queries>
inline void add_scores(const float* queries, const std::byte* keys, std::size_t dims, std::size_t ahead,
                       bool first, float* scores) {
  Vec total[Queries][2];
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) total[q][0] = total[q][1] = zero();
  for (std::size_t d = 0; d < dims; ++d) {
    prefetch_block(keys, ahead, 2 * lanes * Type::bytes);
    const Vec low = load(Type{}, keys), high = load(Type{}, keys + lanes * Type::bytes);
    MOE_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) {
      const Vec x = broadcast(queries[q]);
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

/// scores[q, j % kv_block] for the positions j of [first, last), which lie in one block. Whole vectors are computed: lanes
/// before `first` and from `last` on hold unspecified numbers.
template <class Type, std::size_t Queries>
inline void block_scores(const AttentionArgs& a, std::size_t first, std::size_t last, std::size_t ahead,
                         const float* queries, float* scores) {
  constexpr std::size_t some_dims = 32;  // partial sums of 32 products are more exact than one long sum
  for (std::size_t j = first / (2 * lanes) * (2 * lanes); j < last; j += 2 * lanes) {
    const std::byte* keys = a.keys + (j / key_lanes * a.head_dim * key_lanes + j % key_lanes) * Type::bytes;
    for (std::size_t d = 0; d < a.head_dim; d += some_dims)
      add_scores<Type, Queries>(queries + d * Queries, keys + d * key_lanes * Type::bytes,
                                a.head_dim - d < some_dims ? a.head_dim - d : some_dims, ahead, d == 0,
                                scores + j % kv_block);
  }
}

/// out[q, d] = factors[q] · out[q, d] + Σ over rows j of weights[q, j] · values[j, d], for the dimensions d of `Vectors`
/// vectors, of which the last has n. weights: [Queries, kv_block]. values: [rows, head_dim]. out: [Queries, head_dim].
template <class Type, std::size_t Queries, std::size_t Vectors>
inline void add_values(const AttentionArgs& a, const std::byte* values, std::size_t rows, std::size_t ahead,
                       std::size_t n, const float* weights, const float* factors, float* out) {
  Vec total[Queries][Vectors];
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      total[q][v] = mul(load_partial(out + q * a.head_dim + v * lanes, v + 1 < Vectors ? lanes : n),
                        broadcast(factors[q]));
  }
  for (std::size_t j = 0; j < rows; ++j) {
    prefetch_block(values, ahead, Vectors * lanes * Type::bytes);
    Vec value[Vectors];
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      value[v] = v + 1 < Vectors || n == lanes ? load(Type{}, values + v * lanes * Type::bytes)
                                               : load_partial(Type{}, values + v * lanes * Type::bytes, n);
    MOE_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) {
      const Vec weight = broadcast(weights[q * kv_block + j]);
      MOE_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) total[q][v] = fma(value[v], weight, total[q][v]);
    }
    values += a.head_dim * Type::bytes;
  }
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      store_partial(out + q * a.head_dim + v * lanes, total[q][v], v + 1 < Vectors ? lanes : n);
  }
}

/// The largest of x: [n], n >= 1.
inline float max_of(const float* x, std::size_t n) {
  Vec maxima = broadcast(x[0]);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) maxima = max(maxima, load(x + i));
  float out = max_lane(maxima);
  for (; i < n; ++i) out = x[i] > out ? x[i] : out;
  return out;
}

/// One step of online softmax with the scores of one block, for one query:
///   new_max = max(running_max, max(scores));   factor = e^(running_max − new_max);
///   scores[j] = e^(scores[j] − new_max);       running_sum = factor · running_sum + Σ scores[j].
/// Accumulated values must be multiplied by `factor`, too.
inline void softmax_step(float* scores, std::size_t rows, float& running_max, float& running_sum,
                         float& factor) {
  const float block_max = max_of(scores, rows);
  const float before = running_max;
  running_max = block_max > before ? block_max : before;
  factor = 1;
  if (block_max > before) {
    float factors[lanes];
    store(factors, exp(broadcast(before - block_max)));
    factor = factors[0];
  }
  running_sum = running_sum * factor + exponentiate(scores, running_max, rows);
}

/// Adds the positions [first, last) of one block to `out`, for some queries of a token that sees positions before `end`.
/// queries: [head_dim, Queries]. running_max, running_sum: [Queries]. out: [Queries, head_dim].
template <class Type, std::size_t Queries>
inline void attend_block(const AttentionArgs& a, std::size_t first, std::size_t last, std::size_t end,
                         const float* queries, float* running_max, float* running_sum, float* out) {
  const std::size_t row_bytes = a.head_dim * Type::bytes;
  const std::size_t begin = first / kv_block * kv_block;
  const std::size_t ahead =
      last < end ? kv_block * row_bytes : 0;  // the last block has no successor to prefetch
  alignas(64) float scores[Queries * kv_block];
  float factors[Queries];

  block_scores<Type, Queries>(a, first, last, ahead, queries, scores);
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q)
    softmax_step(scores + q * kv_block + (first - begin), last - first, running_max[q], running_sum[q],
                 factors[q]);

  const std::byte* values = a.values + first * row_bytes;
  const float* weights = scores + (first - begin);
  std::size_t d = 0;
  for (; d + 2 * lanes <= a.head_dim; d += 2 * lanes)
    add_values<Type, Queries, 2>(a, values + d * Type::bytes, last - first, ahead, lanes, weights, factors,
                                 out + d);
  for (; d < a.head_dim; d += lanes)
    add_values<Type, Queries, 1>(a, values + d * Type::bytes, last - first, ahead,
                                 a.head_dim - d < lanes ? a.head_dim - d : lanes, weights, factors, out + d);
}

/// out[i, :] for `Queries` queries of the token at position end - 1. q, out: [Queries, head_dim].
template <class Type, std::size_t Queries>
inline void attend_queries(const AttentionArgs& a, std::size_t end, const float* q, float* out) {
  float* queries = a.scratch;  // [head_dim, Queries]
  for (std::size_t d = 0; d < a.head_dim; ++d) {
    MOE_UNROLL
    for (std::size_t i = 0; i < Queries; ++i) queries[d * Queries + i] = q[i * a.head_dim + d];
  }
  float running_max[Queries], running_sum[Queries];
  for (std::size_t i = 0; i < Queries; ++i) {
    running_max[i] = -3e38f;  // finite, since the difference of two infinities is NaN
    running_sum[i] = 0;
  }
  for (std::size_t i = 0; i < Queries * a.head_dim; ++i) out[i] = 0;

  const std::size_t begin = a.window != 0 && end > a.window ? end - a.window : 0;
  // Blocks begin at multiples of kv_block, however a prompt is divided into chunks, so the order of summation depends on the
  // position alone. A window may begin inside a block; its begin also depends on the position alone.
  for (std::size_t first = begin; first < end;) {
    const std::size_t boundary = (first / kv_block + 1) * kv_block;
    const std::size_t last = boundary < end ? boundary : end;
    attend_block<Type, Queries>(a, first, last, end, queries, running_max, running_sum, out);
    first = last;
  }
  for (std::size_t i = 0; i < Queries; ++i) scale(out + i * a.head_dim, 1.0f / running_sum[i], a.head_dim);
}

template <class Type>
void attend(const AttentionArgs& a) {
  for (std::size_t t = 0; t < a.tokens; ++t) {
    const float* queries = a.q + t * a.q_stride;
    float* out = a.out + t * a.q_stride;
    const std::size_t end = a.position + t + 1;
    std::size_t q = 0;
    for (; q + queries_at_once <= a.queries; q += queries_at_once)
      attend_queries<Type, queries_at_once>(a, end, queries + q * a.head_dim, out + q * a.head_dim);
    for (; q + 2 <= a.queries; q += 2)
      attend_queries<Type, 2>(a, end, queries + q * a.head_dim, out + q * a.head_dim);
    for (; q < a.queries; ++q)
      attend_queries<Type, 1>(a, end, queries + q * a.head_dim, out + q * a.head_dim);
  }
}
