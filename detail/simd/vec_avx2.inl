// SPDX-License-Identifier: MIT
// The float vector of AVX2 with FMA and F16C: eight lanes. vec_scalar.inl describes each function.
//
//   intrinsic                           instruction     use
//   _mm256_fmadd_ps                     vfmadd*ps       a · b + c with one rounding
//   _mm256_cvtph_ps, _mm256_cvtps_ph    vcvtph2ps, ...  f16 to float and back
//   _mm256_cvtepi8_epi32                vpmovsxbd       int8 to int32
//   _mm256_maskload_ps, maskstore_ps    vmaskmovps      partial vectors without access beyond their end
//   _mm256_round_ps                     vroundps        nearest, ties to even
//   _mm_packs_epi32, _mm_packs_epi16    vpackssdw, ...  int32 to int8 with saturation

using Vec = __m256;
inline constexpr std::size_t registers = 16;
inline constexpr std::size_t lanes = 8;

inline Vec broadcast(float value) { return _mm256_set1_ps(value); }
inline Vec zero() { return _mm256_setzero_ps(); }

/// All bits set in the first n lanes.
inline __m256i mask_of(std::size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline Vec load_partial(const float* p, std::size_t n) { return _mm256_maskload_ps(p, mask_of(n)); }
inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
inline void store_partial(float* p, Vec v, std::size_t n) { _mm256_maskstore_ps(p, mask_of(n), v); }

inline __m128i load_u16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m128i load_partial_u16(const std::byte* p, std::size_t n) {
  alignas(16) std::byte eight[16] = {};
  std::memcpy(eight, p, n * 2);
  return load_u16(eight);
}
inline Vec widen(F16, __m128i halves) { return _mm256_cvtph_ps(halves); }
inline Vec widen(BF16, __m128i halves) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

inline Vec broadcast_f16(const std::byte* p) {
  return _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(moe::detail::load_as<std::uint16_t>(p))));
}

inline Vec load(F32, const std::byte* p) { return load(reinterpret_cast<const float*>(p)); }
inline Vec load_partial(F32, const std::byte* p, std::size_t n) {
  return load_partial(reinterpret_cast<const float*>(p), n);
}
inline Vec load(I8, const std::byte* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline Vec load(U8, const std::byte* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline Vec load(E4M3, const std::byte* p) {
  const __m128i q = _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  return _mm256_cvtph_ps(_mm_and_si128(_mm_slli_epi16(q, 7), _mm_set1_epi16(e4m3_in_f16)));
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
  const __m128i halves = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  if (n == lanes) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), halves);
  alignas(16) std::byte eight[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(eight), halves);
  std::memcpy(p, eight, n * 2);
}
inline void store_i8(std::int8_t* p, Vec v) {
  const __m256i wide = _mm256_cvtps_epi32(v);
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}

inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
inline Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
inline Vec round(Vec v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Vec power_of_two(Vec n) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}

inline bool any_nan_e4m3(const std::byte* p) {
  const __m256i all = _mm256_set1_epi8(0x7f), q = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_and_si256(q, all), all)) != 0;
}

/// The upper 16 bits of all numbers of mxfp4 as f32, for each exponent: first the lower byte of the 16 numbers, then the upper
/// byte. The lower 16 bits of the f32 are zero, because a number of mxfp4 has two significant bits.
inline constexpr auto fp4_halves = [] {
  std::array<std::array<std::uint8_t, 32>, 256> out{};
  for (std::size_t exponent = 0; exponent < 256; ++exponent)
    for (std::size_t q = 0; q < 16; ++q) {
      const double value = double{moe::detail::fp4_doubled[q]} * double{moe::detail::mxfp4_scales[exponent]};
      const float largest = std::numeric_limits<float>::max(),
                  infinity = std::numeric_limits<float>::infinity();
      const float rounded = value > largest    ? infinity
                            : value < -largest ? -infinity
                                               : static_cast<float>(value);
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(rounded);
      out[exponent][q] = static_cast<std::uint8_t>(bits >> 16);
      out[exponent][16 + q] = static_cast<std::uint8_t>(bits >> 24);
    }
  return out;
}();

/// The 16 bytes at `p`, in both halves of a vector.
inline __m256i load_twice(const void* p) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

inline void unpack_fp4(const std::byte* nibbles, std::size_t exponent, Vec (&out)[4]) {
  // The unpack instructions below work in each half of a vector. After this shuffle they put the numbers in order.
  const __m256i order = _mm256_setr_epi8(0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11,  //
                                         4, 5, 6, 7, 12, 13, 14, 15, 4, 5, 6, 7, 12, 13, 14, 15);
  const __m256i bytes = _mm256_shuffle_epi8(load_twice(nibbles), order);
  const __m256i q =
      _mm256_and_si256(_mm256_srlv_epi64(bytes, _mm256_setr_epi64x(0, 4, 0, 4)), _mm256_set1_epi8(15));
  const __m256i lower = _mm256_shuffle_epi8(load_twice(fp4_halves[exponent].data()), q);
  const __m256i upper = _mm256_shuffle_epi8(load_twice(fp4_halves[exponent].data() + 16), q);
  const __m256i first = _mm256_unpacklo_epi8(lower, upper), second = _mm256_unpackhi_epi8(lower, upper);
  const __m256i none = _mm256_setzero_si256();
  out[0] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(none, first));
  out[1] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(none, first));
  out[2] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(none, second));
  out[3] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(none, second));
}

inline float sum(Vec v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float max_lane(Vec v) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
