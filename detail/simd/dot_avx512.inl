// Products of bytes with AVX-512 BW, for int8_avx512.inl.
//   as_factor(type, w)           weights as multiply() wants them
//   correction_of(type, x)       what multiply() adds, so that its result is the sum of the true weights
//   times x multiply(type, w, x, c)      sums of four neighbouring products each

/// maddubs adds two products in 16 bits; see int8_avx2.inl for why they fit.
inline __m512i dot_unsigned(__m512i a, __m512i b) {
  return _mm512_madd_epi16(_mm512_maddubs_epi16(a, b), _mm512_set1_epi16(1));
}

template <class Type>
inline __m512i as_factor(Type, __m512i weights) {
  return weights;
}

inline __m512i correction_of(Q8_0, __m512i) { return _mm512_setzero_si512(); }
inline __m512i correction_of(Q4_0, __m512i x) {
  return _mm512_sub_epi32(_mm512_setzero_si512(), dot_unsigned(_mm512_set1_epi8(8), x));
}

inline __m512i multiply(Q8_0, __m512i weights, __m512i x, __m512i) {
  const __mmask64 negative = _mm512_movepi8_mask(weights);
  return dot_unsigned(_mm512_abs_epi8(weights), _mm512_mask_sub_epi8(x, negative, _mm512_setzero_si512(), x));
}
inline __m512i multiply(Q4_0, __m512i weights, __m512i x, __m512i correction) {
  return _mm512_add_epi32(dot_unsigned(weights, x), correction);
}
