// SPDX-License-Identifier: MIT
// Integer vectors of NEON with the dot product of ARMv8.2: four rows. int8_scalar.inl describes each function.
//
//   intrinsic                     instruction  use
//   vdotq_s32                     sdot         four signed products added to each int32
//   vtrnq_s32, vtrn1q_s64, ...    trn1, trn2   transposition of 4 × 4 groups of four bytes

using VecI8 = int8x16_t;
using VecI32 = int32x4_t;
inline constexpr std::size_t row_vectors = 2;

inline VecI8 load_i8(const std::byte* p) {
  return vreinterpretq_s8_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)));
}

inline VecI8 gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  return vreinterpretq_s8_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(rows.first[i] + at)));
}

inline int64x2_t as_i64(int32x4_t v) { return vreinterpretq_s64_s32(v); }

inline void transpose(VecI8 (&q)[4]) {
  const int32x4x2_t low = vtrnq_s32(vreinterpretq_s32_s8(q[0]), vreinterpretq_s32_s8(q[1]));
  const int32x4x2_t high = vtrnq_s32(vreinterpretq_s32_s8(q[2]), vreinterpretq_s32_s8(q[3]));
  q[0] = vreinterpretq_s8_s64(vtrn1q_s64(as_i64(low.val[0]), as_i64(high.val[0])));
  q[1] = vreinterpretq_s8_s64(vtrn1q_s64(as_i64(low.val[1]), as_i64(high.val[1])));
  q[2] = vreinterpretq_s8_s64(vtrn2q_s64(as_i64(low.val[0]), as_i64(high.val[0])));
  q[3] = vreinterpretq_s8_s64(vtrn2q_s64(as_i64(low.val[1]), as_i64(high.val[1])));
}

template <std::size_t Step, std::size_t At>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  gather_f16(rows, At, Step, blocks, out);
}

template <int Shift>
inline VecI8 bit_field(VecI8 b, int mask) {
  uint8x16_t u = vreinterpretq_u8_s8(b);
  if constexpr (Shift > 0) u = vshrq_n_u8(u, Shift);
  if constexpr (Shift < 0) u = vshlq_n_u8(u, -Shift);
  return vreinterpretq_s8_u8(vandq_u8(u, vdupq_n_u8(static_cast<std::uint8_t>(mask))));
}
inline VecI8 bit_or(VecI8 a, VecI8 b) { return vorrq_s8(a, b); }
inline VecI8 lookup(const std::int8_t (&table)[16], VecI8 b) {
  return vqtbl1q_s8(vld1q_s8(table), vreinterpretq_u8_s8(b));
}
template <std::size_t I>
inline VecI8 fifth_bits(VecI8 b) {
  constexpr std::uint8_t i = I / 2, first = I % 2 * 4;
  constexpr std::uint8_t byte[16] = {i,     i,     i,     i,     4 + i,  4 + i,  4 + i,  4 + i,
                                     8 + i, 8 + i, 8 + i, 8 + i, 12 + i, 12 + i, 12 + i, 12 + i};
  const uint8x16_t bits = vreinterpretq_u8_u32(vdupq_n_u32(0x08040201u << first));
  const uint8x16_t set = vtstq_u8(vqtbl1q_u8(vreinterpretq_u8_s8(b), vld1q_u8(byte)), bits);
  return vreinterpretq_s8_u8(vandq_u8(set, vdupq_n_u8(16)));
}
inline Vec low_f16(VecI8 b) { return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(vreinterpretq_u32_s8(b)))); }
inline VecI8 to_dot_operand(VecI8 b) { return b; }

template <std::size_t I>
inline Vec unsigned_byte(VecI8 b) {
  const uint32x4_t moved = vshlq_u32(vreinterpretq_u32_s8(b), vdupq_n_s32(-8 * static_cast<int>(I)));
  return vcvtq_f32_u32(vandq_u32(moved, vdupq_n_u32(255)));
}
template <std::size_t I>
inline Vec signed_byte(VecI8 b) {
  return vcvtq_f32_s32(vshrq_n_s32(vshlq_n_s32(vreinterpretq_s32_s8(b), 24 - 8 * static_cast<int>(I)), 24));
}

inline VecI8 broadcast_i8x4(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}
inline VecI32 broadcast_i32(std::int32_t n) { return vdupq_n_s32(n); }
inline Vec to_float(VecI32 n) { return vcvtq_f32_s32(n); }

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  for (std::size_t g = 0; g < 8; ++g) out[g] = (sums[2 * g] + sums[2 * g + 1]) * factor;
}

template <class Type>
constexpr int zero_point(Type) {
  return Type::zero_point;
}

/// The sum of one group.
template <class Type>
class DotSum {
 public:
  void start(std::int32_t correction) { sum_ = broadcast_i32(correction); }
  void add(std::size_t, VecI8 w, VecI8 x) { sum_ = vdotq_s32(sum_, w, x); }
  VecI32 value() const { return sum_; }

 private:
  VecI32 sum_;
};
