// Products of bytes with AVX-512 VNNI; see int8_scalar.inl for what each part means.

template <class Type>
constexpr int excess(Type) {
  return Type::excess;
}
constexpr int excess(Q8_0) { return 128; }  // of from_signed()

template <class Type>
inline Ints dot(Type, Ints sum, Bytes w, Bytes x) {
  return _mm512_dpbusd_epi32(sum, w, x);
}
