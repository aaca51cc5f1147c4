// Products of bf16 weights with activations rounded to bf16, in dot products of pairs. AVX512_BF16 alone has them.
//
// Each lane sums every sixteenth pair of columns: sum = fma(w[2i], x[2i], fma(w[2i + 1], x[2i + 1], sum)), rounded to nearest
// even, denormals taken as zero, whatever MXCSR says. Then the lanes are added up, those of four rows at once. A row that is
// computed with others or alone goes the same way, and so decoding (one token) and prompts (many) give the same bits.
// Source: VDPBF16PS and VCVTNEPS2BF16 in Intel's Software Developer's Manual; AMD's Zen 5 gives the same bits.

using Pairs = __m512bh;

/// Pairs of 32 numbers, or of the first n and zeros.
inline Pairs load_pairs(const void* p) {
  Pairs out;
  std::memcpy(&out, p, sizeof out);
  return out;
}
inline Pairs load_some_pairs(const void* p, std::size_t n) {
  const __m512i some = _mm512_maskz_loadu_epi16((__mmask32{1} << n) - 1, p);
  return load_pairs(&some);
}

/// The sums of the lanes of each of four vectors.
inline __m128 four_sums(Vec a, Vec b, Vec c, Vec d) {
  const Vec ab = add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const Vec cd = add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const __m512d p = _mm512_castps_pd(ab), q = _mm512_castps_pd(cd);
  const Vec all = add(_mm512_castpd_ps(_mm512_unpacklo_pd(p, q)), _mm512_castpd_ps(_mm512_unpackhi_pd(p, q)));
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), upper_half(all));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

/// total[r][t] += weights · activations, lane by lane, for 32 columns from c on, or as many as there are if there are fewer.
template <bool Whole, std::size_t Tokens>
inline void add_pairs(Vec (&total)[4][Tokens], const std::byte* const (&weights)[4],
                      const std::uint16_t* const (&x)[Tokens], std::size_t c, std::size_t cols) {
  const auto load = [&](const void* p) { return Whole ? load_pairs(p) : load_some_pairs(p, cols - c); };
  Pairs xs[Tokens];
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) xs[t] = load(x[t] + c);
  MOE_UNROLL
  for (std::size_t r = 0; r < 4; ++r) {
    const Pairs w = load(weights[r] + 2 * c);
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) total[r][t] = _mm512_dpbf16_ps(total[r][t], w, xs[t]);
  }
}

/// out[t, row + r · apart] for up to four rows r and Tokens tokens: those that are not there repeat the last. One token asks for
/// its own weights further on, several for what `ahead` says: memory that will be read later, 64 bytes per 32 columns; null:
/// none.
template <std::size_t Tokens>
inline void bf16_tile(const MatmulArgs& a, std::size_t row, std::size_t apart, std::size_t token,
                      const std::byte* ahead) {
  const std::byte* weights[4];
  MOE_UNROLL
  for (std::size_t r = 0; r < 4; ++r)
    weights[r] = a.weights + (row + r * apart < a.rows ? row + r * apart : a.rows - 1) * a.row_bytes;
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
      for (std::size_t r = 0; r < 4; ++r) prefetch_far(weights[r] + 2 * c + ahead_bytes);
    } else if (ahead) {
      prefetch_far(ahead + 2 * c);
    }
    add_pairs<true>(total, weights, x, c, a.cols);
  }
  if (whole < a.cols) add_pairs<false>(total, weights, x, whole, a.cols);

  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    if (token + t >= a.tokens) return;
    float* out = a.out + (token + t) * a.out_stride + row;
    const __m128 sums = four_sums(total[0][t], total[1][t], total[2][t], total[3][t]);
    if (apart == 1) {
      store_some(out, _mm512_castps128_ps512(sums), a.rows - row < 4 ? a.rows - row : 4);
    } else {
      float apart_sums[4];
      _mm_storeu_ps(apart_sums, sums);
      for (std::size_t r = 0; r < 4; ++r) out[r * apart] = apart_sums[r];
    }
  }
}

/// All tokens for the rows [first, end): few enough to stay in the second-level cache, while Tokens activations stay in the first.
/// Meanwhile the first four groups of tokens ask for the rows that come after, so that memory is read all the time.
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

/// One token alone takes four runs of rows side by side, as float_vector() does.
inline void bf16_vector(const MatmulArgs& a) {
  const std::size_t run = a.rows / 4;
  for (std::size_t row = 0; row < run; ++row) bf16_tile<1>(a, row, run, 0, nullptr);
  if (run * 4 < a.rows) bf16_tile<1>(a, run * 4, 1, 0, nullptr);
}

inline void matmul_bf16_dot(const MatmulArgs& a) {
  if (a.tokens == 1) return bf16_vector(a);
  // 192 KiB: a fifth of the second-level cache of the CPUs that have these instructions, or less.
  const std::size_t block = ((std::size_t{192} << 10) / (a.row_bytes + 1) + 4) / 4 * 4;
  for (std::size_t row = 0; row < a.rows; row += block)
    bf16_rows(a, row, a.rows - row < block ? a.rows : row + block);
}

inline void to_bf16(const float* x, std::uint16_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += 16) {
    const std::size_t left = n - i < 16 ? n - i : 16;
    const __m256bh rounded = _mm512_cvtneps_pbh(load_some(x + i, left));
    std::memcpy(out + i, &rounded, 2 * left);
  }
}
