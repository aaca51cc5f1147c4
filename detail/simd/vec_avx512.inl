// SPDX-License-Identifier: MIT
// The float vector of AVX-512 F and BW: sixteen lanes. vec_scalar.inl describes each function.
//
//   intrinsic                              instruction         use
//   _mm512_fmadd_ps                        vfmadd*ps           a · b + c with one rounding
//   _mm512_cvtph_ps, _mm512_cvtps_ph       vcvtph2ps, ...      f16 to float and back
//   _mm512_cvtepi8_epi32                   vpmovsxbd           int8 to int32
//   _mm512_maskz_loadu_ps, _epi16          vmovups, vmovdqu16  partial vectors under a mask; masked lanes are not accessed
//   _mm512_roundscale_ps                   vrndscaleps         nearest, ties to even
//   _mm512_cvtsepi32_epi8                  vpmovsdb            int32 to int8 with saturation

using Vec = __m512;
inline constexpr std::size_t registers = 32;
inline constexpr std::size_t lanes = 16;

inline Vec broadcast(float value) { return _mm512_set1_ps(value); }
inline Vec zero() { return _mm512_setzero_ps(); }

/// Bits 0 to n - 1.
inline __mmask16 mask_of(std::size_t n) { return static_cast<__mmask16>((1u << n) - 1); }

inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline Vec load_partial(const float* p, std::size_t n) { return _mm512_maskz_loadu_ps(mask_of(n), p); }
inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
inline void store_partial(float* p, Vec v, std::size_t n) { _mm512_mask_storeu_ps(p, mask_of(n), v); }

inline __m256i load_u16(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline __m256i load_partial_u16(const std::byte* p, std::size_t n) {
  return _mm512_castsi512_si256(_mm512_maskz_loadu_epi16(mask_of(n), p));
}
inline Vec widen(F16, __m256i halves) { return _mm512_cvtph_ps(halves); }
inline Vec widen(BF16, __m256i halves) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

inline Vec broadcast_f16(const std::byte* p) {
  return _mm512_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(moe::detail::load_as<std::uint16_t>(p))));
}

inline Vec load(F32, const std::byte* p) { return load(reinterpret_cast<const float*>(p)); }
inline Vec load_partial(F32, const std::byte* p, std::size_t n) {
  return load_partial(reinterpret_cast<const float*>(p), n);
}
inline Vec load(I8, const std::byte* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline Vec load(U8, const std::byte* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline Vec load(E4M3, const std::byte* p) {
  const __m256i q = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  return _mm512_cvtph_ps(_mm256_and_si256(_mm256_slli_epi16(q, 7), _mm256_set1_epi16(e4m3_in_f16)));
}
template <class Type>
inline Vec load(Type type, const std::byte* p) {
  return widen(type, load_u16(p));
}
template <class Type>
inline Vec load_partial(Type type, const std::byte* p, std::size_t n) {
  return widen(type, load_partial_u16(p, n));
}

inline void store_partial(F32, std::byte* p, Vec v, std::size_t n) {
  store_partial(reinterpret_cast<float*>(p), v, n);
}
inline void store_partial(F16, std::byte* p, Vec v, std::size_t n) {
  const __m256i halves = _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm512_mask_storeu_epi16(p, mask_of(n), _mm512_castsi256_si512(halves));
}
inline void store_i8(std::int8_t* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(v)));
}

inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
inline Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
inline Vec round(Vec v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Vec power_of_two(Vec n) {
  const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
}

inline bool any_nan_e4m3(const std::byte* p) {
  const __m256i all = _mm256_set1_epi8(0x7f), q = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm256_cmpeq_epi8_mask(_mm256_and_si256(q, all), all) != 0;
}

inline void unpack_fp4(const std::byte* nibbles, std::size_t exponent, Vec (&out)[2]) {
  const float scale = moe::detail::mxfp4_scales[exponent];
  const __m512i q = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(nibbles)));
  const Vec steps =
      mul(_mm512_setr_ps(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12), broadcast(scale));
  out[0] = _mm512_permutexvar_ps(q, steps);  // uses the lowest four bits of each index
  out[1] = _mm512_permutexvar_ps(_mm512_srli_epi32(q, 4), steps);
}

inline __m256 upper_half(Vec v) { return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1)); }
inline float sum(Vec v) {
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), upper_half(v));
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float max_lane(Vec v) { return _mm512_reduce_max_ps(v); }
