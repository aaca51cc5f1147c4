// Int8 products with AVX2; see int8_scalar.inl for what each part means.

using Packed = __m256i;
using Partials = __m256i;
inline constexpr std::size_t packed_rows = 1;
inline constexpr std::size_t groups = lanes;

constexpr std::size_t row_of(std::size_t group, std::size_t) { return group; }

inline __m256i load_32(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }

inline Packed unpack(Q8_0, const std::byte* const* block) { return load_32(block[0] + 2); }

// Nibbles stay unsigned, 0 to 15; prepare() knows what the 8 too much amounts to.
inline Packed unpack(Q4_0, const std::byte* const* block) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block[0] + 2));
  const __m256i both = _mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes);
  return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

struct Input {
  __m256i quants;
  __m256i correction;
};

/// Sums of four neighbouring products each. maddubs adds two products in 16 bits: both types stay below 2^15,
/// 15 · 127 · 2 for nibbles and 128 · 127 · 2 for bytes.
inline __m256i dot_unsigned(__m256i a, __m256i b) {
  return _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1));
}

inline Input prepare(Q8_0, const std::int8_t* quants) { return {load_32(quants), _mm256_setzero_si256()}; }
inline Input prepare(Q4_0, const std::int8_t* quants) {
  const __m256i x = load_32(quants);
  return {x, _mm256_sub_epi32(_mm256_setzero_si256(), dot_unsigned(_mm256_set1_epi8(8), x))};
}

inline Partials dot(Q8_0, Packed weights, Input x) {
  return dot_unsigned(_mm256_abs_epi8(weights), _mm256_sign_epi8(x.quants, weights));
}
inline Partials dot(Q4_0, Packed weights, Input x) {
  return _mm256_add_epi32(dot_unsigned(weights, x.quants), x.correction);
}

/// Per half: sums of a, b, c and d.
inline __m256i add_four(__m256i a, __m256i b, __m256i c, __m256i d) {
  return _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
}

inline Vec row_sums(const Partials (&p)[groups]) {
  const __m256i low = add_four(p[0], p[1], p[2], p[3]);
  const __m256i high = add_four(p[4], p[5], p[6], p[7]);
  return _mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20),
                                             _mm256_permute2x128_si256(low, high, 0x31)));
}

inline Vec block_scales(const std::byte* const* blocks) {
  const auto half = [&](std::size_t i) {
    return static_cast<short>(moe::detail::load_as<std::uint16_t>(blocks[i]));
  };
  return _mm256_cvtph_ps(
      _mm_setr_epi16(half(0), half(1), half(2), half(3), half(4), half(5), half(6), half(7)));
}
