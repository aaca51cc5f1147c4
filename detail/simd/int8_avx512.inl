// Int8 products with AVX-512, two rows per register; see int8_scalar.inl for what each part means.
// Included after dot_avx512.inl or dot_vnni.inl, which say how bytes are multiplied.

using Packed = __m512i;
using Partials = __m512i;
inline constexpr std::size_t packed_rows = 2;
inline constexpr std::size_t groups = lanes / packed_rows;

/// Rows 0 to 7 and 8 to 15 are pairs of rows that lie four apart, so that row_sums() ends in order.
constexpr std::size_t row_of(std::size_t group, std::size_t i) { return group / 4 * 8 + group % 4 + i * 4; }

inline Packed unpack(Q8_0, const std::byte* const* blocks) {
  const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(blocks[0] + 2));
  const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(blocks[1] + 2));
  return as_factor(Q8_0{}, _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1));
}

// Each row's 16 bytes twice; the second copy is shifted down by a nibble.
inline Packed unpack(Q4_0, const std::byte* const* blocks) {
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks[0] + 2));
  const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks[1] + 2));
  const __m512i bytes = _mm512_mask_broadcast_i32x4(_mm512_broadcast_i32x4(first), 0xff00, second);
  const __m512i shifted = _mm512_srlv_epi64(bytes, _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4));
  return as_factor(Q4_0{}, _mm512_and_si512(shifted, _mm512_set1_epi8(15)));
}

struct Input {
  __m512i quants;
  __m512i correction;
};

template <class Type>
inline Input prepare(Type type, const std::int8_t* quants) {
  const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(quants));
  const __m512i x = _mm512_broadcast_i64x4(block);
  return {x, correction_of(type, x)};
}

template <class Type>
inline Partials dot(Type type, Packed weights, Input x) {
  return multiply(type, weights, x.quants, x.correction);
}

inline __m512i add_two(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

/// Per quarter: sums of a, b, c and d.
inline __m512i add_four(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = add_two(a, b);
  const __m512i cd = add_two(c, d);
  return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}

inline Vec row_sums(const Partials (&p)[groups]) {
  const __m512i low = add_four(p[0], p[1], p[2], p[3]);   // rows 0-3, 0-3, 4-7, 4-7
  const __m512i high = add_four(p[4], p[5], p[6], p[7]);  // rows 8-11, 8-11, 12-15, 12-15
  return _mm512_cvtepi32_ps(
      _mm512_add_epi32(_mm512_shuffle_i64x2(low, high, 0x88), _mm512_shuffle_i64x2(low, high, 0xdd)));
}

inline Vec block_scales(const std::byte* const* blocks) {
  const auto half = [&](std::size_t i) {
    return static_cast<short>(moe::detail::load_as<std::uint16_t>(blocks[i]));
  };
  return _mm512_cvtph_ps(_mm256_setr_epi16(half(0), half(1), half(2), half(3), half(4), half(5), half(6),
                                           half(7), half(8), half(9), half(10), half(11), half(12), half(13),
                                           half(14), half(15)));
}
