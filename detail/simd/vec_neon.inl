// The float vector of AArch64 NEON: four lanes. vec_scalar.inl describes each function.
//
//   intrinsic                       instruction  use
//   vfmaq_f32                       fmla         c + a · b with one rounding
//   vcvt_f32_f16, vcvt_f16_f32      fcvtl/fcvtn  f16 to float and back
//   vshll_n_u16                     shll         bf16 to float
//   vrndnq_f32, vcvtnq_s32_f32      frintn, ...  nearest, ties to even
//   vqmovn_s32, vqmovn_s16          sqxtn        int32 to int8 with saturation

using Vec = float32x4_t;
inline constexpr std::size_t registers = 32;
inline constexpr std::size_t lanes = 4;

inline Vec broadcast(float value) { return vdupq_n_f32(value); }
inline Vec zero() { return broadcast(0); }

inline Vec load(const float* p) { return vld1q_f32(p); }
inline Vec load_partial(const float* p, std::size_t n) {
  float four[4] = {};
  std::memcpy(four, p, n * 4);
  return load(four);
}
inline void store(float* p, Vec v) { vst1q_f32(p, v); }
inline void store_partial(float* p, Vec v, std::size_t n) {
  float four[4];
  store(four, v);
  std::memcpy(p, four, n * 4);
}

// Loads of bytes have no alignment requirement; weights may lie at odd addresses.
inline uint16x4_t load_u16(const std::byte* p) {
  return vreinterpret_u16_u8(vld1_u8(reinterpret_cast<const std::uint8_t*>(p)));
}
inline Vec widen(F16, uint16x4_t halves) { return vcvt_f32_f16(vreinterpret_f16_u16(halves)); }
inline Vec widen(BF16, uint16x4_t halves) { return vreinterpretq_f32_u32(vshll_n_u16(halves, 16)); }

inline Vec load(F32, const std::byte* p) {
  return vreinterpretq_f32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)));
}
inline Vec load_partial(F32, const std::byte* p, std::size_t n) {
  float four[4] = {};
  std::memcpy(four, p, n * 4);
  return load(four);
}
template <class Type>
inline Vec load(Type type, const std::byte* p) {
  return widen(type, load_u16(p));
}
template <class Type>
inline Vec load_partial(Type type, const std::byte* p, std::size_t n) {
  std::byte four[8] = {};
  std::memcpy(four, p, n * 2);
  return widen(type, load_u16(four));
}

inline void store_partial(F32, std::byte* p, Vec v, std::size_t n) {
  float four[4];
  store(four, v);
  std::memcpy(p, four, n * 4);
}
inline void store_partial(F16, std::byte* p, Vec v, std::size_t n) {
  std::uint8_t four[8];
  vst1_u8(four, vreinterpret_u8_f16(vcvt_f16_f32(v)));
  std::memcpy(p, four, n * 2);
}
inline void store_i8(std::int8_t* p, Vec v) {
  const int16x4_t words = vqmovn_s32(vcvtnq_s32_f32(v));
  std::int8_t eight[8];
  vst1_s8(eight, vqmovn_s16(vcombine_s16(words, words)));
  std::memcpy(p, eight, 4);
}

inline Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
inline Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
inline Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
inline Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
inline Vec min(Vec a, Vec b) { return vminq_f32(a, b); }
inline Vec max(Vec a, Vec b) { return vmaxq_f32(a, b); }
inline Vec round(Vec v) { return vrndnq_f32(v); }
inline Vec power_of_two(Vec n) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23));
}

inline float sum(Vec v) {
  const float32x2_t half = vadd_f32(vget_low_f32(v), vget_high_f32(v));
  return vget_lane_f32(half, 0) + vget_lane_f32(half, 1);
}
inline float max_lane(Vec v) { return vmaxvq_f32(v); }
