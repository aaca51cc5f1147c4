// Int8 products with AVX-512; see int8_scalar.inl for what each part means. dot() and excess() are in dot_avx512.inl and
// dot_vnni.inl.

using Bytes = __m512i;
using Ints = __m512i;
inline constexpr std::size_t row_groups = 2;

inline __m128i load_16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline Bytes gather(const std::byte* const* rows, std::size_t at, std::size_t i) {
  Bytes out = _mm512_castsi128_si512(load_16(rows[i] + at));
  out = _mm512_inserti32x4(out, load_16(rows[4 + i] + at), 1);
  out = _mm512_inserti32x4(out, load_16(rows[8 + i] + at), 2);
  return _mm512_inserti32x4(out, load_16(rows[12 + i] + at), 3);
}

inline void transpose(Bytes (&q)[4]) {
  const __m512i a = _mm512_unpacklo_epi32(q[0], q[1]), b = _mm512_unpacklo_epi32(q[2], q[3]);
  const __m512i c = _mm512_unpackhi_epi32(q[0], q[1]), d = _mm512_unpackhi_epi32(q[2], q[3]);
  q[0] = _mm512_unpacklo_epi64(a, b), q[1] = _mm512_unpackhi_epi64(a, b);
  q[2] = _mm512_unpacklo_epi64(c, d), q[3] = _mm512_unpackhi_epi64(c, d);
}

template <int Shift>
inline Bytes field(Bytes b, int mask) {
  if constexpr (Shift > 0) b = _mm512_srli_epi16(b, Shift);
  if constexpr (Shift < 0) b = _mm512_slli_epi16(b, -Shift);
  return _mm512_and_si512(b, _mm512_set1_epi8(static_cast<char>(mask)));
}
inline Bytes either(Bytes a, Bytes b) { return _mm512_or_si512(a, b); }

/// dpbusd multiplies unsigned by signed bytes, so signed weights are moved up by 128.
inline Bytes from_signed(Bytes b) { return _mm512_xor_si512(b, _mm512_set1_epi8(-128)); }

template <std::size_t I>
inline Vec unsigned_byte(Bytes b) {
  return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(b, 8 * I), _mm512_set1_epi32(255)));
}
template <std::size_t I>
inline Vec signed_byte(Bytes b) {
  return _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(b, 24 - 8 * I), 24));
}

inline Bytes spread(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, 4);
  return _mm512_set1_epi32(four);
}
inline Ints spread_int(std::int32_t n) { return _mm512_set1_epi32(n); }
inline Vec to_float(Ints n) { return _mm512_cvtepi32_ps(n); }
