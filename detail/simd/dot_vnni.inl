// Products of bytes with AVX-512 VNNI, for int8_avx512.inl; see dot_avx512.inl for what each part means.
// dpbusd multiplies unsigned by signed bytes, so signed weights are moved up by 128 first.

inline constexpr char excess(Q8_0) { return static_cast<char>(-128); }  // as an unsigned byte: 128
inline constexpr char excess(Q4_0) { return 8; }

inline __m512i as_factor(Q8_0, __m512i weights) {
  return _mm512_xor_si512(weights, _mm512_set1_epi8(excess(Q8_0{})));
}
inline __m512i as_factor(Q4_0, __m512i weights) { return weights; }

template <class Type>
inline __m512i correction_of(Type type, __m512i x) {
  const __m512i zero = _mm512_setzero_si512();
  return _mm512_sub_epi32(zero, _mm512_dpbusd_epi32(zero, _mm512_set1_epi8(excess(type)), x));
}

template <class Type>
inline __m512i multiply(Type, __m512i weights, __m512i x, __m512i correction) {
  return _mm512_dpbusd_epi32(correction, weights, x);
}
