// Int8 products with AVX-512 VNNI; see int8_scalar.inl for what each part means.

using Bytes = __m512i;
using Ints = __m512i;
inline constexpr std::size_t row_groups = 2;

inline __m128i load_16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline Bytes gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  const std::byte* from = rows.first[i] + at;
  Bytes out = _mm512_castsi128_si512(load_16(from));
  out = _mm512_inserti32x4(out, load_16(from + rows.four), 1);
  out = _mm512_inserti32x4(out, load_16(from + 2 * rows.four), 2);
  return _mm512_inserti32x4(out, load_16(from + rows.twelve), 3);
}

inline void transpose(Bytes (&q)[4]) {
  const __m512i a = _mm512_unpacklo_epi32(q[0], q[1]), b = _mm512_unpacklo_epi32(q[2], q[3]);
  const __m512i c = _mm512_unpackhi_epi32(q[0], q[1]), d = _mm512_unpackhi_epi32(q[2], q[3]);
  q[0] = _mm512_unpacklo_epi64(a, b), q[1] = _mm512_unpackhi_epi64(a, b);
  q[2] = _mm512_unpacklo_epi64(c, d), q[3] = _mm512_unpackhi_epi64(c, d);
}

inline __m256i load_32(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

/// 32 bytes of all rows at once, with half as many loads as twice 16 take.
inline void gather_columns(const Int8Rows& rows, std::size_t at, Bytes (&out)[8]) {
  Bytes first[4], second[4];  // rows 0 and 4, 1 and 5 and so on side by side; rows 8 and 12 and so on
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    const std::byte* from = rows.first[i] + at;
    first[i] = _mm512_inserti64x4(_mm512_castsi256_si512(load_32(from)), load_32(from + rows.four), 1);
    second[i] = _mm512_inserti64x4(_mm512_castsi256_si512(load_32(from + 2 * rows.four)),
                                   load_32(from + rows.twelve), 1);
  }
  transpose(first);
  transpose(second);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    out[i] = _mm512_shuffle_i32x4(first[i], second[i], 0x88);
    out[4 + i] = _mm512_shuffle_i32x4(first[i], second[i], 0xdd);
  }
}

/// The f16 numbers at the front of eight blocks of a row.
template <std::size_t Step>
inline __m128i eight_halves(const std::byte* row) {
  const auto words = [](const std::byte* at) {  // every Step / 2 words of 64
    constexpr short s = Step / 2;
    const __m512i index = _mm512_castsi128_si512(
        _mm_setr_epi16(0, s, 2 * s, 3 * s, 4 * s % 64, 5 * s % 64, 6 * s % 64, 7 * s % 64));
    return _mm512_castsi512_si128(
        _mm512_permutex2var_epi16(_mm512_loadu_si512(at), index, _mm512_loadu_si512(at + 64)));
  };
  if constexpr (Step * 7 < 128) return words(row);
  return _mm_unpacklo_epi64(words(row), words(row + 4 * Step));
}

template <std::size_t Step>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  if (blocks != 8) return gather_halves(rows, 0, Step, blocks, out);
  __m512i q[4];  // as gather() brings them, but with halves
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    const std::byte* row = rows.first[i];
    q[i] = _mm512_castsi128_si512(eight_halves<Step>(row));
    q[i] = _mm512_inserti32x4(q[i], eight_halves<Step>(row + rows.four), 1);
    q[i] = _mm512_inserti32x4(q[i], eight_halves<Step>(row + 2 * rows.four), 2);
    q[i] = _mm512_inserti32x4(q[i], eight_halves<Step>(row + rows.twelve), 3);
  }
  const __m512i a = _mm512_unpacklo_epi16(q[0], q[1]), b = _mm512_unpacklo_epi16(q[2], q[3]);
  const __m512i c = _mm512_unpackhi_epi16(q[0], q[1]), d = _mm512_unpackhi_epi16(q[2], q[3]);
  const __m512i pairs[4] = {_mm512_unpacklo_epi32(a, b),
                            _mm512_unpackhi_epi32(a, b),  // of blocks, by four rows
                            _mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d)};
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    const __m512i apart = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), pairs[i]);
    out[2 * i] = _mm512_cvtph_ps(_mm512_castsi512_si256(apart));
    out[2 * i + 1] = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(apart, 1));
  }
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

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  const __m256i s = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_madd_epi16(s, _mm256_set1_epi16(static_cast<short>(factor))));
}

template <class Type>
constexpr int excess(Type) {
  return Type::excess;
}
constexpr int excess(Q8_0) { return 128; }  // of from_signed()

template <class Type>
inline Ints dot(Type, Ints sum, Bytes w, Bytes x) {
  return _mm512_dpbusd_epi32(sum, w, x);
}
