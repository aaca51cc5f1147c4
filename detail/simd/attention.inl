// SPDX-License-Identifier: MIT
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

/// The place of position p in the cache.
inline std::size_t place_of(const AttentionArgs& a, std::size_t p) { return a.ring != 0 ? p % a.ring : p; }

/// scores[q, j % kv_block] for the places j of [first, last), which lie in one block. Whole vectors are computed: lanes
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
/// vectors, of which the last has n. weights: [Queries, kv_block]. values: `rows` rows, row_bytes apart. out: `Queries` rows,
/// out_query_stride apart.
template <class Type, std::size_t Queries, std::size_t Vectors>
inline void add_values(const AttentionArgs& a, const std::byte* values, std::size_t row_bytes,
                       std::size_t rows, std::size_t ahead, std::size_t n, const float* weights,
                       const float* factors, float* out) {
  Vec total[Queries][Vectors];
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      total[q][v] = mul(load_partial(out + q * a.out_query_stride + v * lanes, v + 1 < Vectors ? lanes : n),
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
    values += row_bytes;
  }
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      store_partial(out + q * a.out_query_stride + v * lanes, total[q][v], v + 1 < Vectors ? lanes : n);
  }
}

/// add_values() for all value_dim dimensions.
template <class Type, std::size_t Queries>
inline void add_all_values(const AttentionArgs& a, const std::byte* values, std::size_t row_bytes,
                           std::size_t rows, std::size_t ahead, const float* weights, const float* factors,
                           float* out) {
  std::size_t d = 0;
  for (; d + 2 * lanes <= a.value_dim; d += 2 * lanes)
    add_values<Type, Queries, 2>(a, values + d * Type::bytes, row_bytes, rows, ahead, lanes, weights, factors,
                                 out + d);
  for (; d < a.value_dim; d += lanes)
    add_values<Type, Queries, 1>(a, values + d * Type::bytes, row_bytes, rows, ahead,
                                 a.value_dim - d < lanes ? a.value_dim - d : lanes, weights, factors,
                                 out + d);
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
  running_sum = moe::detail::rounded(running_sum * factor) + exponentiate(scores, running_max, rows);
}

/// The state of the softmax of one query before the first position. A sink is a score of its own.
inline void begin_softmax(const float* sink, float& running_max, float& running_sum) {
  running_max = sink ? *sink : -3e38f;  // finite, since the difference of two infinities is NaN
  running_sum = sink ? 1.0f : 0.0f;
}

/// The positions [begin, end) that a token sees, in pieces that lie in one block each. Blocks begin at multiples of kv_block,
/// however a prompt is divided into chunks, so the order of summation depends on the position alone. A window may begin
/// inside a block; its begin also depends on the position alone.
template <class F>
inline void each_block(const AttentionArgs& a, std::size_t end, F f) {
  for (std::size_t first = a.window != 0 && end > a.window ? end - a.window : 0; first < end;) {
    const std::size_t boundary = (first / kv_block + 1) * kv_block;
    const std::size_t last = boundary < end ? boundary : end;
    f(first, last);
    first = last;
  }
}

/// Adds the positions [first, last) of one block to `out`, for some queries of a token that sees positions before `end`.
/// queries: [head_dim, Queries]. running_max, running_sum: [Queries]. out: `Queries` rows, out_query_stride apart.
template <class Type, std::size_t Queries>
inline void attend_block(const AttentionArgs& a, std::size_t first, std::size_t last, std::size_t end,
                         const float* queries, float* running_max, float* running_sum, float* out) {
  const std::size_t place = place_of(a, first), rows = last - first;
  const std::size_t ahead = last < end ? kv_block : 0;  // the last block has no successor to prefetch
  alignas(64) float scores[Queries * kv_block];
  float factors[Queries];

  block_scores<Type, Queries>(a, place, place + rows, ahead * a.head_dim * Type::bytes, queries, scores);
  float* weights = scores + place % kv_block;
  MOE_UNROLL
  for (std::size_t q = 0; q < Queries; ++q)
    softmax_step(weights + q * kv_block, rows, running_max[q], running_sum[q], factors[q]);
  const std::size_t row_bytes = a.value_dim * Type::bytes;
  add_all_values<Type, Queries>(a, a.values + place * row_bytes, row_bytes, rows, ahead * row_bytes, weights,
                                factors, out);
}

/// The attention of the queries [query, query + Queries) of the token at position end - 1. q: [Queries, head_dim].
/// out: `Queries` rows, out_query_stride apart.
template <class Type, std::size_t Queries>
inline void attend_queries(const AttentionArgs& a, std::size_t end, std::size_t query, const float* q,
                           float* out) {
  float* queries = a.scratch;  // [head_dim, Queries]
  for (std::size_t d = 0; d < a.head_dim; ++d) {
    MOE_UNROLL
    for (std::size_t i = 0; i < Queries; ++i) queries[d * Queries + i] = q[i * a.head_dim + d];
  }
  float running_max[Queries], running_sum[Queries];
  for (std::size_t i = 0; i < Queries; ++i) {
    begin_softmax(a.sinks ? a.sinks + query + i : nullptr, running_max[i], running_sum[i]);
    for (std::size_t d = 0; d < a.value_dim; ++d) out[i * a.out_query_stride + d] = 0;
  }
  each_block(a, end, [&](std::size_t first, std::size_t last) {
    attend_block<Type, Queries>(a, first, last, end, queries, running_max, running_sum, out);
  });
  for (std::size_t i = 0; i < Queries; ++i)
    scale(out + i * a.out_query_stride, 1.0f / running_sum[i], a.value_dim);
}

template <class Type>
void attend(const AttentionArgs& a) {
  for (std::size_t t = 0; t < a.tokens; ++t) {
    const float* q = a.q + t * a.q_stride;
    float* out = a.out + t * a.out_stride;
    const std::size_t end = a.position + t + 1;
    const auto at = [&](std::size_t i) { return q + i * a.head_dim; };
    std::size_t i = 0;
    for (; i + queries_at_once <= a.queries; i += queries_at_once)
      attend_queries<Type, queries_at_once>(a, end, i, at(i), out + i * a.out_query_stride);
    for (; i + 2 <= a.queries; i += 2)
      attend_queries<Type, 2>(a, end, i, at(i), out + i * a.out_query_stride);
    for (; i < a.queries; ++i) attend_queries<Type, 1>(a, end, i, at(i), out + i * a.out_query_stride);
  }
}
