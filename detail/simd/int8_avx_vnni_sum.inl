// SPDX-License-Identifier: MIT
// Dot products of int8_avx2.inl with AVX-VNNI. int8_scalar.inl describes each function.
//
//   intrinsic                  instruction  use
//   _mm256_dpbusd_avx_epi32    vpdpbusd     four unsigned · signed products added to each int32

/// vpdpbusd multiplies unsigned by signed bytes, so signed weights get a zero point of 128.
inline VecI8 to_dot_operand(VecI8 b) { return _mm256_xor_si256(b, _mm256_set1_epi8(-128)); }

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
  void add(std::size_t, VecI8 w, VecI8 x) { sum_ = _mm256_dpbusd_avx_epi32(sum_, w, x); }
  VecI32 value() const { return sum_; }

 private:
  VecI32 sum_;
};
