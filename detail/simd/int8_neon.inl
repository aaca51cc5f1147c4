// Int8 products with the dot product of ARMv8.2; see int8_scalar.inl for what each part means.

using Bytes = int8x16_t;
using Ints = int32x4_t;
inline constexpr std::size_t row_groups = 2;

inline Bytes gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  return vreinterpretq_s8_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(rows.first[i] + at)));
}

inline int64x2_t pairs(int32x4_t v) { return vreinterpretq_s64_s32(v); }

inline void transpose(Bytes (&q)[4]) {
  const int32x4x2_t low = vtrnq_s32(vreinterpretq_s32_s8(q[0]), vreinterpretq_s32_s8(q[1]));
  const int32x4x2_t high = vtrnq_s32(vreinterpretq_s32_s8(q[2]), vreinterpretq_s32_s8(q[3]));
  q[0] = vreinterpretq_s8_s64(vtrn1q_s64(pairs(low.val[0]), pairs(high.val[0])));
  q[1] = vreinterpretq_s8_s64(vtrn1q_s64(pairs(low.val[1]), pairs(high.val[1])));
  q[2] = vreinterpretq_s8_s64(vtrn2q_s64(pairs(low.val[0]), pairs(high.val[0])));
  q[3] = vreinterpretq_s8_s64(vtrn2q_s64(pairs(low.val[1]), pairs(high.val[1])));
}

/// The scales at the front of `blocks` blocks of `Step` bytes.
template <std::size_t Step>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  gather_halves(rows, 0, Step, blocks, out);
}

template <int Shift>
inline Bytes field(Bytes b, int mask) {
  uint8x16_t u = vreinterpretq_u8_s8(b);
  if constexpr (Shift > 0) u = vshrq_n_u8(u, Shift);
  if constexpr (Shift < 0) u = vshlq_n_u8(u, -Shift);
  return vreinterpretq_s8_u8(vandq_u8(u, vdupq_n_u8(static_cast<std::uint8_t>(mask))));
}
inline Bytes either(Bytes a, Bytes b) { return vorrq_s8(a, b); }
inline Bytes from_signed(Bytes b) { return b; }

template <std::size_t I>
inline Vec unsigned_byte(Bytes b) {
  const uint32x4_t moved = vshlq_u32(vreinterpretq_u32_s8(b), vdupq_n_s32(-8 * static_cast<int>(I)));
  return vcvtq_f32_u32(vandq_u32(moved, vdupq_n_u32(255)));
}
template <std::size_t I>
inline Vec signed_byte(Bytes b) {
  return vcvtq_f32_s32(vshrq_n_s32(vshlq_n_s32(vreinterpretq_s32_s8(b), 24 - 8 * static_cast<int>(I)), 24));
}

inline Bytes spread(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}
inline Ints spread_int(std::int32_t n) { return vdupq_n_s32(n); }
inline Vec to_float(Ints n) { return vcvtq_f32_s32(n); }

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  for (std::size_t g = 0; g < 8; ++g) out[g] = (sums[2 * g] + sums[2 * g + 1]) * factor;
}

template <class Type>
constexpr int excess(Type) {
  return Type::excess;
}

template <class Type>
inline Ints dot(Type, Ints sum, Bytes w, Bytes x) {
  return vdotq_s32(sum, w, x);
}
