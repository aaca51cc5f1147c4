// Integer vectors of AVX2: eight rows. int8_scalar.inl describes each function.
//
//   intrinsic                                   instruction  use
//   _mm256_maddubs_epi16                        vpmaddubsw   unsigned · signed bytes, pairs added in 16 bits
//   _mm256_madd_epi16                           vpmaddwd     pairs of 16-bit numbers added in 32 bits
//   _mm256_sign_epi8, _mm256_abs_epi8           vpsignb, ... the sign of signed weights moved to the activations
//   _mm256_unpacklo_epi32, _epi64 (and hi)      vpunpck*     transposition of 4 × 4 groups of four bytes

using VecI8 = __m256i;
using VecI32 = __m256i;
inline constexpr std::size_t row_vectors = 2;

inline __m128i load_16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline VecI8 gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  return _mm256_set_m128i(load_16(rows.first[i] + rows.stride_4 + at), load_16(rows.first[i] + at));
}

inline void transpose(VecI8 (&q)[4]) {
  const __m256i a = _mm256_unpacklo_epi32(q[0], q[1]), b = _mm256_unpacklo_epi32(q[2], q[3]);
  const __m256i c = _mm256_unpackhi_epi32(q[0], q[1]), d = _mm256_unpackhi_epi32(q[2], q[3]);
  q[0] = _mm256_unpacklo_epi64(a, b), q[1] = _mm256_unpackhi_epi64(a, b);
  q[2] = _mm256_unpacklo_epi64(c, d), q[3] = _mm256_unpackhi_epi64(c, d);
}

template <std::size_t Step>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  gather_f16(rows, 0, Step, blocks, out);
}

template <int Shift>
inline VecI8 bit_field(VecI8 b, int mask) {
  if constexpr (Shift > 0) b = _mm256_srli_epi16(b, Shift);
  if constexpr (Shift < 0) b = _mm256_slli_epi16(b, -Shift);
  return _mm256_and_si256(b, _mm256_set1_epi8(static_cast<char>(mask)));
}
inline VecI8 bit_or(VecI8 a, VecI8 b) { return _mm256_or_si256(a, b); }
inline VecI8 to_dot_operand(VecI8 b) { return b; }

template <std::size_t I>
inline Vec unsigned_byte(VecI8 b) {
  return _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(b, 8 * I), _mm256_set1_epi32(255)));
}
template <std::size_t I>
inline Vec signed_byte(VecI8 b) {
  return _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(b, 24 - 8 * I), 24));
}

inline VecI8 broadcast_i8x4(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, 4);
  return _mm256_set1_epi32(four);
}
inline VecI32 broadcast_i32(std::int32_t n) { return _mm256_set1_epi32(n); }
inline Vec to_float(VecI32 n) { return _mm256_cvtepi32_ps(n); }

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  const __m256i s = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_madd_epi16(s, _mm256_set1_epi16(static_cast<short>(factor))));
}

template <class Type>
constexpr int zero_point(Type) {
  return Type::zero_point;
}

/// Sums of two products, in 16 bits. vpmaddubsw saturates at 2^15 - 1.
template <class Type>
inline __m256i pair_products(Type, VecI8 w, VecI8 x) {
  return _mm256_maddubs_epi16(w, x);
}
inline __m256i pair_products(Q8_0, VecI8 w, VecI8 x) {
  return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
}

/// The largest value of pair_products(): 2 · largest weight · 127.
constexpr int largest_pair(Q4_0) { return 2 * 15 * 127; }
constexpr int largest_pair(Q4_K) { return 2 * 31 * 127; }  // q5_k too
constexpr int largest_pair(Q6_K) { return 2 * 63 * 127; }
constexpr int largest_pair(Q8_0) { return 2 * 128 * 127; }

/// GCC turns a sequence of integer additions into a tree, whose terms do not fit into 16 registers. An empty statement that
/// changes `sum` keeps the sequence.
inline void keep_sequence([[maybe_unused]] __m256i& sum) {
#if defined(__GNUC__)
  asm("" : "+x"(sum));
#endif
}

/// The sum of one group. Products of as many vectors as 16 bits can hold are added in 16 bits, then widened.
template <class Type>
class DotSum {
 public:
  void start(std::int32_t correction) { sum_ = _mm256_set1_epi32(correction); }
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
  static constexpr std::size_t fit = ((1 << 15) - 1) / largest_pair(Type{});
  static constexpr std::size_t narrow = fit < vectors ? fit : vectors;
  static_assert(narrow > 0 && vectors % narrow == 0);

  __m256i sum_, pairs_;
};
