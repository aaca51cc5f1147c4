// SPDX-License-Identifier: MIT
// Attention over keys that lie as rows [positions, head_dim]: latent attention, and caches of q8_0. Compiled once per
// instruction set.
//
// Scores are a matrix product of keys and queries, in the order of summation of matmul.inl. The softmax and the sums of values
// use the functions of attention.inl.

/// Queries that are processed together, so that the rows of a block are read once for all of them.
inline constexpr std::size_t row_queries = 32;

/// Some queries of one token.
struct RowQueries {
  std::size_t queries;
  const float* q;  // [queries, head_dim]
  float* out;      // `queries` rows, out_query_stride apart
  float running_max[row_queries], running_sum[row_queries], factors[row_queries];
  alignas(64) float scores[row_queries * kv_block];  // [queries, kv_block], by place in a block
};

/// The scores of the rows at the places [place, place + rows) of the cache, which lie in one block. keys: the first row.
template <class Type>
inline void row_scores(const AttentionArgs& a, const std::byte* keys, std::size_t place, std::size_t rows,
                       RowQueries& s) {
  matmul_float<Type>({.weights = keys,
                      .dtype = DType::other,  // matmul_float() takes the type from its template argument
                      .row_bytes = a.head_dim * Type::bytes,
                      .rows = rows,
                      .cols = a.head_dim,
                      .tokens = s.queries,
                      .x = s.q,
                      .x_stride = a.head_dim,
                      .quants = nullptr,
                      .scales = nullptr,
                      .sums = nullptr,
                      .row_indices = nullptr,
                      .out = s.scores + place % kv_block,
                      .out_stride = kv_block});
}

/// out = factors · out + Σ scores · values, over the rows at the places [place, place + rows). Here, the scores are the weights
/// that softmax_step() has written. values: the first row; rows lie row_bytes apart.
template <class Type>
inline void row_values(const AttentionArgs& a, const std::byte* values, std::size_t row_bytes,
                       std::size_t place, std::size_t rows, RowQueries& s) {
  const auto weights = [&](std::size_t i) { return s.scores + i * kv_block + place % kv_block; };
  const auto out = [&](std::size_t i) { return s.out + i * a.out_query_stride; };
  std::size_t i = 0;
  for (; i + queries_at_once <= s.queries; i += queries_at_once)
    add_all_values<Type, queries_at_once>(a, values, row_bytes, rows, 0, weights(i), s.factors + i, out(i));
  for (; i + 2 <= s.queries; i += 2)
    add_all_values<Type, 2>(a, values, row_bytes, rows, 0, weights(i), s.factors + i, out(i));
  for (; i < s.queries; ++i)
    add_all_values<Type, 1>(a, values, row_bytes, rows, 0, weights(i), s.factors + i, out(i));
}

/// The two functions that depend on the type of the cache: `scores` sets the scores of the rows at the places
/// [place, place + rows), which lie in one block, and `values` adds the values of these rows.
struct RowSteps {
  using Step = void (*)(const AttentionArgs&, std::size_t place, std::size_t rows, RowQueries&);
  Step scores, values;
};

inline void attend_rows(const AttentionArgs& a, std::size_t end, RowSteps steps, const float* sinks,
                        RowQueries& s) {
  for (std::size_t i = 0; i < s.queries; ++i) {
    begin_softmax(sinks ? sinks + i : nullptr, s.running_max[i], s.running_sum[i]);
    for (std::size_t d = 0; d < a.value_dim; ++d) s.out[i * a.out_query_stride + d] = 0;
  }
  each_block(a, end, [&](std::size_t first, std::size_t last) {
    const std::size_t place = place_of(a, first), rows = last - first;
    steps.scores(a, place, rows, s);
    for (std::size_t i = 0; i < s.queries; ++i)
      softmax_step(s.scores + i * kv_block + place % kv_block, rows, s.running_max[i], s.running_sum[i],
                   s.factors[i]);
    steps.values(a, place, rows, s);
  });
  for (std::size_t i = 0; i < s.queries; ++i)
    scale(s.out + i * a.out_query_stride, 1.0f / s.running_sum[i], a.value_dim);
}

inline void attend_rows(const AttentionArgs& a, RowSteps steps) {
  RowQueries s;
  for (std::size_t t = 0; t < a.tokens; ++t)
    for (std::size_t query = 0; query < a.queries; query += row_queries) {
      s.queries = a.queries - query < row_queries ? a.queries - query : row_queries;
      s.q = a.q + t * a.q_stride + query * a.head_dim;
      s.out = a.out + t * a.out_stride + query * a.out_query_stride;
      attend_rows(a, a.position + t + 1, steps, a.sinks ? a.sinks + query : nullptr, s);
    }
}

template <class Type>
inline void latent_scores(const AttentionArgs& a, std::size_t place, std::size_t rows, RowQueries& s) {
  row_scores<Type>(a, a.keys + place * a.head_dim * Type::bytes, place, rows, s);
}

template <class Type>
inline void latent_values(const AttentionArgs& a, std::size_t place, std::size_t rows, RowQueries& s) {
  const std::size_t row_bytes = a.head_dim * Type::bytes;
  row_values<Type>(a, a.keys + place * row_bytes, row_bytes, place, rows, s);
}

template <class Type>
void attend_latent(const AttentionArgs& a) {
  attend_rows(a, {latent_scores<Type>, latent_values<Type>});
}

/// out = the numbers of whole blocks of q8_0. out: [n].
inline void decode_q8_0(const std::byte* blocks, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; i += Q8_0::block, blocks += Q8_0::bytes) {
    const Vec scale = broadcast_f16(blocks);
    MOE_UNROLL
    for (std::size_t j = 0; j < Q8_0::block; j += lanes)
      store(out + i + j, mul(load(I8{}, blocks + 2 + j), scale));
  }
}

/// Decodes the rows at the places [place, place + count) in pieces of at most decoded_positions rows to a.scratch, and calls
/// f(decoded, place, count) for each piece. rows: the row at place 0; dim: the numbers of a row.
template <class F>
inline void each_decoded(const AttentionArgs& a, const std::byte* rows, std::size_t dim, std::size_t place,
                         std::size_t count, F f) {
  for (const std::size_t end = place + count; place < end;) {
    const std::size_t some = end - place < decoded_positions ? end - place : decoded_positions;
    decode_q8_0(rows + place * dim / Q8_0::block * Q8_0::bytes, some * dim, a.scratch);
    f(reinterpret_cast<const std::byte*>(a.scratch), place, some);
    place += some;
  }
}

inline void q8_0_scores(const AttentionArgs& a, std::size_t place, std::size_t rows, RowQueries& s) {
  each_decoded(a, a.keys, a.head_dim, place, rows, [&](const std::byte* keys, std::size_t at, std::size_t n) {
    row_scores<F32>(a, keys, at, n, s);
  });
}

inline void q8_0_values(const AttentionArgs& a, std::size_t place, std::size_t rows, RowQueries& s) {
  each_decoded(a, a.values, a.value_dim, place, rows,
               [&](const std::byte* values, std::size_t at, std::size_t n) {
                 row_values<F32>(a, values, a.value_dim * F32::bytes, at, n, s);
                 for (std::size_t i = 0; i < s.queries; ++i)
                   s.factors[i] = 1;  // only the first piece rescales
               });
}

inline void attend_q8_0(const AttentionArgs& a) { attend_rows(a, {q8_0_scores, q8_0_values}); }
