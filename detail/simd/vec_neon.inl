// SPDX-License-Identifier: MIT
// The float vector of AArch64 NEON: four lanes. vec_scalar.inl describes each function.
//
//   intrinsic                       instruction  use
//   vfmaq_f32                       fmla         c + a · b with one rounding
//   vmovl_s8, vmovl_s16             sxtl         int8 to int16, int16 to int32
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

inline Vec broadcast_f16(const std::byte* p) {
  return widen(F16{}, vdup_n_u16(moe::detail::load_as<std::uint16_t>(p)));
}

inline Vec load(F32, const std::byte* p) {
  return vreinterpretq_f32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)));
}
inline Vec load_partial(F32, const std::byte* p, std::size_t n) {
  float four[4] = {};
  std::memcpy(four, p, n * 4);
  return load(four);
}
inline Vec load(I8, const std::byte* p) {
  std::int8_t eight[8] = {};
  std::memcpy(eight, p, 4);
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vld1_s8(eight)))));
}
inline Vec load(U8, const std::byte* p) {
  std::uint8_t eight[8] = {};
  std::memcpy(eight, p, 4);
  return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vld1_u8(eight)))));
}
inline Vec load(E4M3, const std::byte* p) {
  std::int8_t eight[8] = {};
  std::memcpy(eight, p, 4);
  const int16x8_t q = vandq_s16(vshlq_n_s16(vmovl_s8(vld1_s8(eight)), 7), vdupq_n_s16(e4m3_in_f16));
  return vcvt_f32_f16(vreinterpret_f16_s16(vget_low_s16(q)));
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

inline bool any_nan_e4m3(const std::byte* p) {
  const std::uint8_t* bytes = reinterpret_cast<const std::uint8_t*>(p);
  const uint8x16_t all = vdupq_n_u8(0x7f);
  const uint8x16_t low = vceqq_u8(vandq_u8(vld1q_u8(bytes), all), all);
  const uint8x16_t high = vceqq_u8(vandq_u8(vld1q_u8(bytes + 16), all), all);
  return vmaxvq_u8(vorrq_u8(low, high)) != 0;
}

inline void unpack_fp4(const std::byte* nibbles, std::size_t exponent, Vec (&out)[8]) {
  const float scale = moe::detail::mxfp4_scales[exponent];
  // The upper bytes of the steps as f16; their lower bytes are zero.
  constexpr std::uint8_t bytes[16] = {0, 0x3c, 0x40, 0x42, 0x44, 0x46, 0x48, 0x4a,
                                      0, 0xbc, 0xc0, 0xc2, 0xc4, 0xc6, 0xc8, 0xca};
  const uint8x16_t steps = vld1q_u8(bytes), none = vdupq_n_u8(0);
  const uint8x16_t q = vld1q_u8(reinterpret_cast<const std::uint8_t*>(nibbles));
  const uint8x16_t of_nibbles[2] = {vqtbl1q_u8(steps, vandq_u8(q, vdupq_n_u8(15))),
                                    vqtbl1q_u8(steps, vshrq_n_u8(q, 4))};
  for (std::size_t i = 0; i < 2; ++i) {
    const float16x8_t low = vreinterpretq_f16_u8(vzip1q_u8(none, of_nibbles[i]));
    const float16x8_t high = vreinterpretq_f16_u8(vzip2q_u8(none, of_nibbles[i]));
    out[4 * i] = vmulq_n_f32(vcvt_f32_f16(vget_low_f16(low)), scale);
    out[4 * i + 1] = vmulq_n_f32(vcvt_high_f32_f16(low), scale);
    out[4 * i + 2] = vmulq_n_f32(vcvt_f32_f16(vget_low_f16(high)), scale);
    out[4 * i + 3] = vmulq_n_f32(vcvt_high_f32_f16(high), scale);
  }
}

inline float sum(Vec v) {
  const float32x2_t half = vadd_f32(vget_low_f32(v), vget_high_f32(v));
  return vget_lane_f32(half, 0) + vget_lane_f32(half, 1);
}
inline float max_lane(Vec v) { return vmaxvq_f32(v); }
