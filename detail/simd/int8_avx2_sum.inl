// SPDX-License-Identifier: MIT
// Dot products of int8_avx2.inl without VNNI. int8_scalar.inl describes each function.
//
//   intrinsic                                   instruction  use
//   _mm256_maddubs_epi16                        vpmaddubsw   unsigned · signed bytes, pairs added in 16 bits
//   _mm256_madd_epi16                           vpmaddwd     pairs of 16-bit numbers added in 32 bits
//   _mm256_sign_epi8, _mm256_abs_epi8           vpsignb, ... the sign of signed weights moved to the activations

inline VecI8 to_dot_operand(VecI8 b) { return b; }

template <class Type>
constexpr int zero_point(Type) {
  return Type::zero_point;
}

/// Sums of two products, in 16 bits. vpmaddubsw saturates at 2^15 - 1; DotSum asserts with `narrow > 0` that no sum is
/// larger.
template <class Type>
inline __m256i pair_products(Type, VecI8 w, VecI8 x) {
  return _mm256_maddubs_epi16(w, x);
}
inline __m256i pair_products(Q8_0, VecI8 w, VecI8 x) {
  return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
}

/// GCC turns a sequence of integer additions into a tree, whose terms do not fit into 16 registers. An empty assembler
/// statement that claims to change `sum` keeps the sequence.
inline void keep_sequence([[maybe_unused]] __m256i& sum) {
#if defined(__GNUC__)
  asm("" : "+x"(sum));
#endif
}

/// The sum of one group. Adds the products of `narrow` vectors in 16 bits, then adds their sum to a sum in 32 bits. `narrow` is
/// the largest power of two for which the sum in 16 bits cannot overflow, but at most the number of vectors in a group.
template <class Type>
class DotSum {
 public:
  void start(std::int32_t correction) { sum_ = broadcast_i32(correction); }
  void add(std::size_t vector, VecI8 w, VecI8 x) {
    const __m256i products = pair_products(Type{}, w, x);
    pairs_ = vector % narrow == 0 ? products : _mm256_add_epi16(pairs_, products);
    keep_sequence(pairs_);
    if (vector % narrow == narrow - 1) {
      sum_ = _mm256_add_epi32(sum_, _mm256_madd_epi16(pairs_, _mm256_set1_epi16(1)));
      keep_sequence(sum_);
    }
  }
  VecI32 value() const { return sum_; }

 private:
  static constexpr std::size_t vectors = Type::group / 4;
  static constexpr unsigned largest_pair = 2 * Type::largest * 127;
  static constexpr std::size_t fit = std::bit_floor(((1u << 15) - 1) / largest_pair);
  static constexpr std::size_t narrow = fit < vectors ? fit : vectors;
  static_assert(narrow > 0 && vectors % narrow == 0);

  __m256i sum_, pairs_;
};
