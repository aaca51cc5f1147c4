// SPDX-License-Identifier: MIT
// Integer vectors of AVX-512 VNNI: sixteen rows. int8_scalar.inl describes each function.
//
//   intrinsic                                 instruction      use
//   _mm512_dpbusd_epi32                       vpdpbusd         four unsigned · signed products added to each int32
//   _mm512_inserti32x4, _mm512_inserti64x4    vinserti32x4 ... 16 or 32 bytes of one row into a quarter or half
//   _mm512_unpacklo_epi32, _epi64 (and hi)    vpunpck*         transposition of 4 × 4 groups of four bytes
//   _mm512_permutex2var_epi16                 vpermt2w         the scales of eight blocks out of 128 bytes of a row
//   _mm512_shuffle_i32x4                      vshufi32x4       quarters of two vectors into the order of rows

using VecI8 = __m512i;
using VecI32 = __m512i;
inline constexpr std::size_t row_vectors = 2;

inline VecI8 load_i8(const std::byte* p) { return _mm512_loadu_si512(p); }

inline __m128i load_16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline VecI8 gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  const std::byte* from = rows.first[i] + at;
  VecI8 out = _mm512_castsi128_si512(load_16(from));
  out = _mm512_inserti32x4(out, load_16(from + rows.stride_4), 1);
  out = _mm512_inserti32x4(out, load_16(from + 2 * rows.stride_4), 2);
  return _mm512_inserti32x4(out, load_16(from + rows.stride_12), 3);
}

inline void transpose(VecI8 (&q)[4]) {
  const __m512i a = _mm512_unpacklo_epi32(q[0], q[1]), b = _mm512_unpacklo_epi32(q[2], q[3]);
  const __m512i c = _mm512_unpackhi_epi32(q[0], q[1]), d = _mm512_unpackhi_epi32(q[2], q[3]);
  q[0] = _mm512_unpacklo_epi64(a, b), q[1] = _mm512_unpackhi_epi64(a, b);
  q[2] = _mm512_unpacklo_epi64(c, d), q[3] = _mm512_unpackhi_epi64(c, d);
}

inline __m256i load_32(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

/// Bytes [at, at + 32) of all rows, with half the loads of two calls for 16 bytes.
inline void gather_columns(const Int8Rows& rows, std::size_t at, VecI8 (&out)[8]) {
  VecI8 first[4], second[4];  // first[i]: rows i and i + 4; second[i]: rows i + 8 and i + 12
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    const std::byte* from = rows.first[i] + at;
    first[i] = _mm512_inserti64x4(_mm512_castsi256_si512(load_32(from)), load_32(from + rows.stride_4), 1);
    second[i] = _mm512_inserti64x4(_mm512_castsi256_si512(load_32(from + 2 * rows.stride_4)),
                                   load_32(from + rows.stride_12), 1);
  }
  transpose(first);
  transpose(second);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    out[i] = _mm512_shuffle_i32x4(first[i], second[i], 0x88);
    out[4 + i] = _mm512_shuffle_i32x4(first[i], second[i], 0xdd);
  }
}

/// Eight of the 64 words of 16 bits at `at`: the words with the indices (First + i · Step) mod 64, i = 0, ..., 7.
template <std::size_t First, std::size_t Step>
inline __m128i every_word(const std::byte* at) {
  constexpr auto index = [](std::size_t i) { return static_cast<short>((First + i * Step) % 64); };
  const __m512i words = _mm512_castsi128_si512(
      _mm_setr_epi16(index(0), index(1), index(2), index(3), index(4), index(5), index(6), index(7)));
  return _mm512_castsi512_si128(
      _mm512_permutex2var_epi16(_mm512_loadu_si512(at), words, _mm512_loadu_si512(at + 64)));
}

/// The f16 numbers at bytes At, At + Step, ..., At + 7 · Step of a row, which has at least 8 · Step bytes.
template <std::size_t Step, std::size_t At>
inline __m128i eight_f16(const std::byte* row) {
  constexpr std::size_t word = At / 2, step = Step / 2;
  if constexpr (word + 7 * step < 64) return every_word<word, step>(row);
  // The last four numbers come from a second load of 128 bytes, which ends at the end of the row at the latest.
  constexpr std::size_t second = 4 * step < 8 * step - 64 ? 4 * step : 8 * step - 64;
  return _mm_unpacklo_epi64(every_word<word, step>(row),
                            every_word<word + 4 * step - second, step>(row + 2 * second));
}

template <std::size_t Step, std::size_t At>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  if (blocks != 8) return gather_f16(rows, At, Step, blocks, out);
  __m512i q[4];  // q[i]: eight f16 numbers of the rows i, i + 4, i + 8, i + 12
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    const std::byte* row = rows.first[i];
    const __m128i second = eight_f16<Step, At>(row + rows.stride_4);
    const __m128i third = eight_f16<Step, At>(row + 2 * rows.stride_4);
    const __m128i fourth = eight_f16<Step, At>(row + rows.stride_12);
    q[i] = _mm512_castsi128_si512(eight_f16<Step, At>(row));
    q[i] = _mm512_inserti32x4(q[i], second, 1);
    q[i] = _mm512_inserti32x4(q[i], third, 2);
    q[i] = _mm512_inserti32x4(q[i], fourth, 3);
  }
  const __m512i a = _mm512_unpacklo_epi16(q[0], q[1]), b = _mm512_unpacklo_epi16(q[2], q[3]);
  const __m512i c = _mm512_unpackhi_epi16(q[0], q[1]), d = _mm512_unpackhi_epi16(q[2], q[3]);
  // pairs[i]: the blocks 2 · i and 2 · i + 1, alternating in groups of four rows
  const __m512i pairs[4] = {_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b),
                            _mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d)};
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    const __m512i separated = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), pairs[i]);
    out[2 * i] = _mm512_cvtph_ps(_mm512_castsi512_si256(separated));
    out[2 * i + 1] = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(separated, 1));
  }
}

template <int Shift>
inline VecI8 bit_field(VecI8 b, int mask) {
  if constexpr (Shift > 0) b = _mm512_srli_epi16(b, Shift);
  if constexpr (Shift < 0) b = _mm512_slli_epi16(b, -Shift);
  return _mm512_and_si512(b, _mm512_set1_epi8(static_cast<char>(mask)));
}
inline VecI8 bit_or(VecI8 a, VecI8 b) { return _mm512_or_si512(a, b); }
inline VecI8 lookup(const std::int8_t (&table)[16], VecI8 b) {
  const __m128i steps = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(steps), b);
}
template <std::size_t I>
inline VecI8 fifth_bits(VecI8 b) {
  constexpr int i = I / 2, first = I % 2 * 4;
  const __m128i byte = _mm_add_epi8(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12),
                                    _mm_set1_epi8(static_cast<char>(i)));
  const __m512i bit = _mm512_set1_epi32(static_cast<int>(0x08040201u << first));
  const __mmask64 set = _mm512_test_epi8_mask(_mm512_shuffle_epi8(b, _mm512_broadcast_i32x4(byte)), bit);
  return _mm512_maskz_mov_epi8(set, _mm512_set1_epi8(16));
}
inline Vec low_f16(VecI8 b) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(b)); }

/// vpdpbusd multiplies unsigned by signed bytes, so signed weights get a zero point of 128.
inline VecI8 to_dot_operand(VecI8 b) { return _mm512_xor_si512(b, _mm512_set1_epi8(-128)); }

template <std::size_t I>
inline Vec unsigned_byte(VecI8 b) {
  return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(b, 8 * I), _mm512_set1_epi32(255)));
}
template <std::size_t I>
inline Vec signed_byte(VecI8 b) {
  return _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(b, 24 - 8 * I), 24));
}

inline VecI8 broadcast_i8x4(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, 4);
  return _mm512_set1_epi32(four);
}
inline VecI32 broadcast_i32(std::int32_t n) { return _mm512_set1_epi32(n); }
inline Vec to_float(VecI32 n) { return _mm512_cvtepi32_ps(n); }

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  const __m256i s = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_madd_epi16(s, _mm256_set1_epi16(static_cast<short>(factor))));
}

template <class Type>
constexpr int zero_point(Type) {
  return Type::zero_point;
}
constexpr int zero_point(Q8_0) { return 128; }  // added by to_dot_operand()

/// The sum of one group.
template <class Type>
class DotSum {
 public:
  void start(std::int32_t correction) { sum_ = broadcast_i32(correction); }
  void add(std::size_t, VecI8 w, VecI8 x) { sum_ = _mm512_dpbusd_epi32(sum_, w, x); }
  VecI32 value() const { return sum_; }

 private:
  VecI32 sum_;
};
