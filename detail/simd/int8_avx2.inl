// SPDX-License-Identifier: MIT
// Integer vectors of AVX2: eight rows. int8_scalar.inl describes each function; int8_avx2_sum.inl or int8_avx_vnni_sum.inl
// defines the dot products.
//
//   intrinsic                                   instruction  use
//   _mm256_unpacklo_epi32, _epi64 (and hi)      vpunpck*     transposition of 4 × 4 groups of four bytes

using VecI8 = __m256i;
using VecI32 = __m256i;
inline constexpr std::size_t row_vectors = 2;

inline VecI8 load_i8(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

inline __m128i load_16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline VecI8 gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  return _mm256_set_m128i(load_16(rows.first[i] + rows.stride_4 + at), load_16(rows.first[i] + at));
}

inline void transpose(VecI8 (&q)[4]) {
  const __m256i a = _mm256_unpacklo_epi32(q[0], q[1]), b = _mm256_unpacklo_epi32(q[2], q[3]);
  const __m256i c = _mm256_unpackhi_epi32(q[0], q[1]), d = _mm256_unpackhi_epi32(q[2], q[3]);
  q[0] = _mm256_unpacklo_epi64(a, b), q[1] = _mm256_unpackhi_epi64(a, b);
  q[2] = _mm256_unpacklo_epi64(c, d), q[3] = _mm256_unpackhi_epi64(c, d);
}

template <std::size_t Step, std::size_t At>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  gather_f16(rows, At, Step, blocks, out);
}

template <int Shift>
inline VecI8 bit_field(VecI8 b, int mask) {
  if constexpr (Shift > 0) b = _mm256_srli_epi16(b, Shift);
  if constexpr (Shift < 0) b = _mm256_slli_epi16(b, -Shift);
  return _mm256_and_si256(b, _mm256_set1_epi8(static_cast<char>(mask)));
}
inline VecI8 bit_or(VecI8 a, VecI8 b) { return _mm256_or_si256(a, b); }
inline VecI8 lookup(const std::int8_t (&table)[16], VecI8 b) {
  const __m128i steps = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(steps), b);
}
template <std::size_t I>
inline VecI8 fifth_bits(VecI8 b) {
  constexpr int i = I / 2, first = I % 2 * 4;
  const __m128i byte = _mm_add_epi8(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12),
                                    _mm_set1_epi8(static_cast<char>(i)));
  const __m256i bit = _mm256_set1_epi32(static_cast<int>(0x08040201u << first));
  const __m256i bits = _mm256_and_si256(_mm256_shuffle_epi8(b, _mm256_broadcastsi128_si256(byte)), bit);
  return _mm256_and_si256(_mm256_cmpeq_epi8(bits, bit), _mm256_set1_epi8(16));
}
inline Vec low_f16(VecI8 b) {
  const __m256i halves = _mm256_and_si256(b, _mm256_set1_epi32(0xffff));
  return _mm256_cvtph_ps(
      _mm_packus_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1)));
}

template <std::size_t I>
inline Vec unsigned_byte(VecI8 b) {
  return _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(b, 8 * I), _mm256_set1_epi32(255)));
}
template <std::size_t I>
inline Vec signed_byte(VecI8 b) {
  return _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(b, 24 - 8 * I), 24));
}

inline VecI8 broadcast_i8x4(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, 4);
  return _mm256_set1_epi32(four);
}
inline VecI32 broadcast_i32(std::int32_t n) { return _mm256_set1_epi32(n); }
inline Vec to_float(VecI32 n) { return _mm256_cvtepi32_ps(n); }

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  const __m256i s = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_madd_epi16(s, _mm256_set1_epi16(static_cast<short>(factor))));
}
