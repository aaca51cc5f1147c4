// SPDX-License-Identifier: MIT
// Matrix products of bf16 weights with activations rounded to bf16, with the dot products of AVX512_BF16.
//
//   intrinsic              instruction    use
//   _mm512_dpbf16_ps       vdpbf16ps      16 lanes of sum + a[2i + 1] · b[2i + 1] + a[2i] · b[2i]
//   _mm512_cvtneps_pbh     vcvtneps2bf16  float to bf16, nearest even, denormals to zero
//
// Order of summation: lane l adds the products of the columns 2i and 2i + 1 for i = l, l + 16, l + 32, ...:
//   sum = fma(w[2i], x[2i], fma(w[2i + 1], x[2i + 1], sum)),
// rounded to nearest even with denormals as zero; the instruction ignores MXCSR. Then the 16 lanes are reduced, four rows at
// once. The order is the same for any number of rows and tokens, so one token and many tokens give the same bits.
// Source: VDPBF16PS and VCVTNEPS2BF16 in Intel's Software Developer's Manual. AMD's Zen 4 and Zen 5 give the same bits.

/// 32 bf16 numbers, seen as 16 pairs.
using Bf16Pairs = __m512bh;

/// 32 numbers, or the first n and zeros.
inline Bf16Pairs load_pairs(const void* p) {
  Bf16Pairs out;
  std::memcpy(&out, p, sizeof out);
  return out;
}
inline Bf16Pairs load_partial_pairs(const void* p, std::size_t n) {
  const __m512i numbers = _mm512_maskz_loadu_epi16((__mmask32{1} << n) - 1, p);
  return load_pairs(&numbers);
}

/// {sum(a), sum(b), sum(c), sum(d)}, each reduced in the same order.
inline __m128 four_sums(Vec a, Vec b, Vec c, Vec d) {
  const Vec ab = add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const Vec cd = add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const __m512d p = _mm512_castps_pd(ab), q = _mm512_castps_pd(cd);
  const Vec all = add(_mm512_castpd_ps(_mm512_unpacklo_pd(p, q)), _mm512_castpd_ps(_mm512_unpackhi_pd(p, q)));
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), upper_half(all));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

/// total[r][t] += weights[r, :] · x[t, :], lane by lane, for the 32 columns from c on (Whole), or the last cols - c columns.
template <bool Whole, std::size_t Tokens>
inline void add_pairs(Vec (&total)[4][Tokens], const std::byte* const (&weights)[4],
                      const std::uint16_t* const (&x)[Tokens], std::size_t c, std::size_t cols) {
  const auto load = [&](const void* p) { return Whole ? load_pairs(p) : load_partial_pairs(p, cols - c); };
  Bf16Pairs xs[Tokens];
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) xs[t] = load(x[t] + c);
  MOE_UNROLL
  for (std::size_t r = 0; r < 4; ++r) {
    const Bf16Pairs w = load(weights[r] + 2 * c);
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = _mm512_dpbf16_ps(total[r][t], w, xs[t]);
  }
}

/// out[t, row + r · row_step] for four rows r and Tokens tokens. A tile that reaches beyond the last row or token computes the
/// last row or token again.
/// Tokens = 1: prefetches the same four rows, prefetch_bytes ahead of the columns that are read. Tokens > 1: prefetches the row
/// at `ahead`, unless `ahead` is null.
template <std::size_t Tokens>
inline void bf16_tile(const MatmulArgs& a, std::size_t row, std::size_t row_step, std::size_t token,
                      const std::byte* ahead) {
  const std::byte* weights[4];
  MOE_UNROLL
  for (std::size_t r = 0; r < 4; ++r)
    weights[r] = a.weights + (row + r * row_step < a.rows ? row + r * row_step : a.rows - 1) * a.row_bytes;
  const std::uint16_t* x[Tokens];
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t)
    x[t] = a.bf16 + a.row_of(token + t < a.tokens ? token + t : a.tokens - 1) * a.cols;

  Vec total[4][Tokens];
  MOE_UNROLL
  for (std::size_t r = 0; r < 4; ++r) {
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = zero();
  }
  const std::size_t whole = a.cols / 32 * 32;
  for (std::size_t c = 0; c < whole; c += 32) {
    if constexpr (Tokens == 1) {
      MOE_UNROLL
      for (std::size_t r = 0; r < 4; ++r) prefetch_to_l2(weights[r] + 2 * c + prefetch_bytes);
    } else if (ahead) {
      prefetch_to_l2(ahead + 2 * c);
    }
    add_pairs<true>(total, weights, x, c, a.cols);
  }
  if (whole < a.cols) add_pairs<false>(total, weights, x, whole, a.cols);

  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    if (token + t >= a.tokens) return;
    float* out = a.out + (token + t) * a.out_stride + row;
    const __m128 sums = four_sums(total[0][t], total[1][t], total[2][t], total[3][t]);
    if (row_step == 1) {
      store_partial(out, _mm512_castps128_ps512(sums), a.rows - row < 4 ? a.rows - row : 4);
    } else {
      float of_rows[4];
      _mm_storeu_ps(of_rows, sums);
      for (std::size_t r = 0; r < 4; ++r) out[r * row_step] = of_rows[r];
    }
  }
}

/// Multiplies the rows [first, end) with all tokens, in groups of 6 or 3 tokens. The rows stay in the second-level cache, and
/// the activations of one group stay in the first-level cache. The first four groups prefetch the rows after `end`, so that
/// memory and arithmetic overlap.
inline void bf16_rows(const MatmulArgs& a, std::size_t first, std::size_t end) {
  for (std::size_t token = 0, group = 0; token < a.tokens; ++group) {
    const std::size_t left = a.tokens - token;
    for (std::size_t row = first; row < end; row += 4) {
      const std::byte* ahead = group < 4 ? a.weights + (row + end - first + group) * a.row_bytes : nullptr;
      if (left > 3) {
        bf16_tile<6>(a, row, 1, token, ahead);
      } else {
        bf16_tile<3>(a, row, 1, token, ahead);
      }
    }
    token += left > 3 ? 6 : 3;
  }
}

/// The product with one token: reads four streams of rows, as float_vector() does.
inline void bf16_vector(const MatmulArgs& a) {
  const std::size_t rows = a.rows / 4;
  for (std::size_t row = 0; row < rows; ++row) bf16_tile<1>(a, row, rows, 0, nullptr);
  if (rows * 4 < a.rows) bf16_tile<1>(a, rows * 4, 1, 0, nullptr);
}

inline void matmul_bf16_dot(const MatmulArgs& a) {
  if (a.tokens == 1) return bf16_vector(a);
  // The rows of a block take about 192 KiB: a fifth of the second-level cache of CPUs with these instructions, or less.
  const std::size_t block = ((std::size_t{192} << 10) / (a.row_bytes + 1) + 4) / 4 * 4;
  for (std::size_t row = 0; row < a.rows; row += block)
    bf16_rows(a, row, a.rows - row < block ? a.rows : row + block);
}

inline void to_bf16(const float* x, std::uint16_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += 16) {
    const std::size_t left = n - i < 16 ? n - i : 16;
    const __m256bh rounded = _mm512_cvtneps_pbh(load_partial(x + i, left));
    std::memcpy(out + i, &rounded, 2 * left);
  }
}
