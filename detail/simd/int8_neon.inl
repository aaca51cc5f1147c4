// Int8 products with the dot product of ARMv8.2; see int8_scalar.inl for what each part means.

using Packed = int8x16x2_t;
using Partials = int32x4_t;
inline constexpr std::size_t packed_rows = 1;
inline constexpr std::size_t groups = lanes;

constexpr std::size_t row_of(std::size_t group, std::size_t) { return group; }

inline int8x16_t load_16(const void* p) { return vld1q_s8(static_cast<const std::int8_t*>(p)); }

struct Input {
  int8x16x2_t quants;
};

inline Packed unpack(Q8_0, const std::byte* const* block) {
  return {{load_16(block[0] + 2), load_16(block[0] + 18)}};
}
inline Packed unpack(Q4_0, const std::byte* const* block) {
  const uint8x16_t bytes = vreinterpretq_u8_s8(load_16(block[0] + 2));
  const int8x16_t eight = vdupq_n_s8(8);
  return {{vsubq_s8(vreinterpretq_s8_u8(vandq_u8(bytes, vdupq_n_u8(15))), eight),
           vsubq_s8(vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4)), eight)}};
}

template <class Type>
inline Input prepare(Type, const std::int8_t* quants) {
  return {{{load_16(quants), load_16(quants + 16)}}};
}

template <class Type>
inline Partials dot(Type, Packed weights, Input x) {
  return vdotq_s32(vdotq_s32(vdupq_n_s32(0), weights.val[0], x.quants.val[0]), weights.val[1],
                   x.quants.val[1]);
}

inline Vec row_sums(const Partials (&p)[groups]) {
  return vcvtq_f32_s32(vpaddq_s32(vpaddq_s32(p[0], p[1]), vpaddq_s32(p[2], p[3])));
}

inline Vec block_scales(const std::byte* const* blocks) {
  std::uint16_t halves[4];
  for (std::size_t i = 0; i < 4; ++i) halves[i] = moe::detail::load_as<std::uint16_t>(blocks[i]);
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves)));
}
