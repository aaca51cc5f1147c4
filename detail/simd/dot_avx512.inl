// Products of bytes with AVX-512 BW; see int8_scalar.inl for what each part means.

template <class Type>
constexpr int excess(Type) {
  return Type::excess;
}

/// maddubs adds two products in 16 bits; see int8_avx2.inl for why they fit.
inline Ints dot_unsigned(Ints sum, Bytes w, Bytes x) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(w, x), _mm512_set1_epi16(1)));
}
template <class Type>
inline Ints dot(Type, Ints sum, Bytes w, Bytes x) {
  return dot_unsigned(sum, w, x);
}
inline Ints dot(Q8_0, Ints sum, Bytes w, Bytes x) {
  const Bytes weights = from_signed(w);  // and back again
  const __mmask64 negative = _mm512_movepi8_mask(weights);
  return dot_unsigned(sum, _mm512_abs_epi8(weights),
                      _mm512_mask_sub_epi8(x, negative, _mm512_setzero_si512(), x));
}
