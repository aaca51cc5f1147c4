// Int8 products with AVX2; see int8_scalar.inl for what each part means.

using Bytes = __m256i;
using Ints = __m256i;
inline constexpr std::size_t row_groups = 1;

inline __m128i load_16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline Bytes gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  return _mm256_set_m128i(load_16(rows.first[i] + rows.four + at), load_16(rows.first[i] + at));
}

inline void transpose(Bytes (&q)[4]) {
  const __m256i a = _mm256_unpacklo_epi32(q[0], q[1]), b = _mm256_unpacklo_epi32(q[2], q[3]);
  const __m256i c = _mm256_unpackhi_epi32(q[0], q[1]), d = _mm256_unpackhi_epi32(q[2], q[3]);
  q[0] = _mm256_unpacklo_epi64(a, b), q[1] = _mm256_unpackhi_epi64(a, b);
  q[2] = _mm256_unpacklo_epi64(c, d), q[3] = _mm256_unpackhi_epi64(c, d);
}

/// The scales at the front of `blocks` blocks of `Step` bytes.
template <std::size_t Step>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  gather_halves(rows, 0, Step, blocks, out);
}

template <int Shift>
inline Bytes field(Bytes b, int mask) {
  if constexpr (Shift > 0) b = _mm256_srli_epi16(b, Shift);
  if constexpr (Shift < 0) b = _mm256_slli_epi16(b, -Shift);
  return _mm256_and_si256(b, _mm256_set1_epi8(static_cast<char>(mask)));
}
inline Bytes either(Bytes a, Bytes b) { return _mm256_or_si256(a, b); }
inline Bytes from_signed(Bytes b) { return b; }

template <std::size_t I>
inline Vec unsigned_byte(Bytes b) {
  return _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(b, 8 * I), _mm256_set1_epi32(255)));
}
template <std::size_t I>
inline Vec signed_byte(Bytes b) {
  return _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(b, 24 - 8 * I), 24));
}

inline Bytes spread(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, 4);
  return _mm256_set1_epi32(four);
}
inline Ints spread_int(std::int32_t n) { return _mm256_set1_epi32(n); }
inline Vec to_float(Ints n) { return _mm256_cvtepi32_ps(n); }

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  const __m256i s = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_madd_epi16(s, _mm256_set1_epi16(static_cast<short>(factor))));
}

template <class Type>
constexpr int excess(Type) {
  return Type::excess;
}

/// maddubs adds two products in 16 bits: they stay below 2^15, as 63 · 127 · 2 for the widest unsigned weights and
/// 128 · 127 · 2 for signed ones.
inline Ints dot_unsigned(Ints sum, Bytes w, Bytes x) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), _mm256_set1_epi16(1)));
}
template <class Type>
inline Ints dot(Type, Ints sum, Bytes w, Bytes x) {
  return dot_unsigned(sum, w, x);
}
inline Ints dot(Q8_0, Ints sum, Bytes w, Bytes x) {
  return dot_unsigned(sum, _mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
}
