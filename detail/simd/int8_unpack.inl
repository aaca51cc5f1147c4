// SPDX-License-Identifier: MIT
// Unpacks quantised rows into vectors with one row per lane; see int8_scalar.inl. Compiled once per instruction set.
// The block layouts are described in core/blocks_of_32.hpp and core/blocks_of_256.hpp.
//
// Rows are unpacked tile_cols columns at a time, in units of 32 or 64 columns:
//   unpack_scales(type, rows, blocks, s)   the scales, and offsets, of all groups of up to tile_cols columns
//   unpack(type, rows, u, w)               unit u: each w[i] holds four columns of every row
//   group_of_columns(type, g)              the place, in order of columns, of the g-th group that the units unpack

inline constexpr std::size_t tile_cols = 256;

struct Int8Scales {
  Vec scales[tile_cols / 16];   // one per group of Type::group columns
  Vec offsets[tile_cols / 16];  // one per group, for types with offsets
};

/// `lanes` rows of a panel of 16 rows, whose numbers are interleaved, as core/panels.hpp describes. A number of `width`
/// bytes that begins at byte `at` of a row stands, for these rows, at base + 16 · at + first · width.
struct PanelRows {
  const std::byte* base;
  std::size_t first;  // the row of the first lane

  const std::byte* at(std::size_t at, std::size_t width) const {
    return base + panel_rows * at + first * width;
  }
};

inline void gather_f16(const PanelRows& rows, std::size_t at, std::size_t step, std::size_t count, Vec* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = load(F16{}, rows.at(at + i * step, 2));
}
template <std::size_t Step, std::size_t At>
inline void gather_scales(const PanelRows& rows, std::size_t blocks, Vec* out) {
  gather_f16(rows, At, Step, blocks, out);
}
inline void gather_columns(const PanelRows& rows, std::size_t at, VecI8 (&out)[4]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) out[i] = load_i8(rows.at(at + 4 * i, 4));
}

/// Bytes [at, at + 4) of all rows.
inline VecI8 gather_word(const PanelRows& rows, std::size_t at) { return load_i8(rows.at(at, 4)); }
inline VecI8 gather_word(const Int8Rows& rows, std::size_t at) {
  std::byte words[4 * lanes];
  MOE_UNROLL
  for (std::size_t r = 0; r < lanes; ++r)
    std::memcpy(words + 4 * r, rows.first[r % 4] + r / 4 * rows.stride_4 + at, 4);
  return load_i8(words);
}

/// Bytes [at, at + 16) of all rows: out[i] holds the bytes at + 4 · i and the three after it.
inline void gather_columns(const Int8Rows& rows, std::size_t at, VecI8 (&out)[4]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) out[i] = gather(rows, at, i);
  transpose(out);
}

/// Bytes [at, at + 32) of all rows. An instruction set may overload this template with a faster function.
template <class Rows>
inline void gather_columns(const Rows& rows, std::size_t at, VecI8 (&out)[8]) {
  MOE_UNROLL
  for (std::size_t half = 0; half < 2; ++half) {
    VecI8 q[4];
    gather_columns(rows, at + half * 16, q);
    MOE_UNROLL
    for (std::size_t i = 0; i < 4; ++i) out[half * 4 + i] = q[i];
  }
}

/// Types with groups of 16 unpack 128 columns in two units: unit `part` holds the columns 16 · part to 16 · part + 15 of each
/// 32 columns. Types with groups of 32 unpack the columns in order.
template <class Type>
constexpr std::size_t group_of_columns(Type, std::size_t g) {
  return Type::group == 16 ? g / 8 * 8 + g % 4 * 2 + g / 4 % 2 : g;
}

inline void unpack_scales(Q8_0, const auto& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<34, 0>(rows, blocks, out.scales);
}
inline void unpack(Q8_0, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  gather_columns(rows, u * 34 + 2, w);
  MOE_UNROLL
  for (std::size_t i = 0; i < 8; ++i) w[i] = to_dot_operand(w[i]);
}

/// w[0 .. 3] = the low, w[4 .. 7] = the high nibbles of the bytes [at, at + 16) of all rows.
inline void unpack_nibbles(const auto& rows, std::size_t at, VecI8 (&w)[8]) {
  VecI8 q[4];
  gather_columns(rows, at, q);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = bit_field<0>(q[i], 15);
    w[4 + i] = bit_field<4>(q[i], 15);
  }
}

inline void unpack_scales(Q4_0, const auto& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<18, 0>(rows, blocks, out.scales);
}
inline void unpack(Q4_0, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  unpack_nibbles(rows, u * 18 + 2, w);
}

inline void unpack_scales(Q4_1, const auto& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<20, 0>(rows, blocks, out.scales);
  gather_scales<20, 2>(rows, blocks, out.offsets);
}
inline void unpack(Q4_1, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  unpack_nibbles(rows, u * 20 + 4, w);
}

/// w[i] |= the fifth bits of the columns 4 · i to 4 · i + 3: the bits of the four bytes at `at`, in order of columns.
template <std::size_t... I>
inline void add_fifth_bits_of_block(const auto& rows, std::size_t at, VecI8 (&w)[8],
                                    std::index_sequence<I...>) {
  const VecI8 bits = gather_word(rows, at);
  ((w[I] = bit_or(w[I], fifth_bits<I>(bits))), ...);
}

inline void unpack_scales(Q5_0, const auto& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<22, 0>(rows, blocks, out.scales);
}
inline void unpack(Q5_0, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  unpack_nibbles(rows, u * 22 + 6, w);
  add_fifth_bits_of_block(rows, u * 22 + 2, w, std::make_index_sequence<8>());
}

inline void unpack_scales(Q5_1, const auto& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<24, 0>(rows, blocks, out.scales);
  gather_scales<24, 2>(rows, blocks, out.offsets);
}
inline void unpack(Q5_1, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  unpack_nibbles(rows, u * 24 + 8, w);
  add_fifth_bits_of_block(rows, u * 24 + 4, w, std::make_index_sequence<8>());
}

/// Replaces each number w by steps[w], as operand of the dot product.
inline void look_up_steps(const std::int8_t (&steps)[16], VecI8 (&w)[8]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 8; ++i) w[i] = to_dot_operand(lookup(steps, w[i]));
}

inline void unpack_scales(IQ4_NL, const auto& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<18, 0>(rows, blocks, out.scales);
}
inline void unpack(IQ4_NL, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  unpack_nibbles(rows, u * 18 + 2, w);
  look_up_steps(moe::detail::iq4_steps, w);
}

/// The header of iq4_xs: d in f16, the upper two bits of eight scales in 16 bits, and the low four bits in four bytes.
template <int... G>
inline void unpack_scales_of(VecI8 first, VecI8 low, Int8Scales& out, std::integer_sequence<int, G...>) {
  const Vec d = low_f16(first), bias = broadcast(32);
  ((out.scales[G] = mul(d, sub(add(unsigned_byte<G / 2>(bit_field<G % 2 * 4>(low, 15)),
                                   unsigned_byte<2 + G / 4>(bit_field<G % 4 * 2 - 4>(first, 48))),
                               bias))),
   ...);
}
inline void unpack_scales(IQ4_XS, const auto& rows, std::size_t, Int8Scales& out) {
  unpack_scales_of(gather_word(rows, 0), gather_word(rows, 4), out, std::make_integer_sequence<int, 8>());
}
inline void unpack(IQ4_XS, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  unpack_nibbles(rows, u * 16 + 8, w);
  look_up_steps(moe::detail::iq4_steps, w);
}

/// Scales of 2^(e − 128), as products of two numbers that are not denormal for any e.
inline void unpack_scales(MXFP4, const auto& rows, std::size_t blocks, Int8Scales& out) {
  Vec exponents[tile_cols / 32];
  gather_u8(rows, 0, 17, blocks, exponents);
  for (std::size_t b = 0; b < blocks; ++b) {
    const Vec half = round(mul(exponents[b], broadcast(0.5f))), rest = sub(exponents[b], half);
    out.scales[b] = mul(power_of_two(sub(half, broadcast(64))), power_of_two(sub(rest, broadcast(64))));
  }
}
inline void unpack(MXFP4, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  // fp4_doubled plus the zero point.
  static constexpr std::int8_t steps[16] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};
  unpack_nibbles(rows, u * 17 + 1, w);
  MOE_UNROLL
  for (std::size_t i = 0; i < 8; ++i) w[i] = lookup(steps, w[i]);
}

/// out_scales[i] = d · byte i of scales; out_offsets[i] = dmin · byte i of offsets.
inline void scale_groups(VecI8 scales, VecI8 offsets, Vec d, Vec dmin, Vec* out_scales, Vec* out_offsets) {
  out_scales[0] = mul(d, unsigned_byte<0>(scales)), out_offsets[0] = mul(dmin, unsigned_byte<0>(offsets));
  out_scales[1] = mul(d, unsigned_byte<1>(scales)), out_offsets[1] = mul(dmin, unsigned_byte<1>(offsets));
  out_scales[2] = mul(d, unsigned_byte<2>(scales)), out_offsets[2] = mul(dmin, unsigned_byte<2>(offsets));
  out_scales[3] = mul(d, unsigned_byte<3>(scales)), out_offsets[3] = mul(dmin, unsigned_byte<3>(offsets));
}

/// The header of q4_k and q5_k: d and dmin in f16, then twelve bytes with eight scales and eight offsets of 6 bits.
inline void unpack_scales(Q4_K, const auto& rows, std::size_t, Int8Scales& out) {
  Vec d[2];
  gather_f16(rows, 0, 2, 2, d);
  const Vec dmin = sub(zero(), d[1]);
  VecI8 s[4];  // s[1], s[2] and s[3] are the twelve bytes
  gather_columns(rows, 0, s);
  scale_groups(bit_field<0>(s[1], 63), bit_field<0>(s[2], 63), d[0], dmin, out.scales, out.offsets);
  scale_groups(bit_or(bit_field<0>(s[3], 15), bit_field<2>(s[1], 48)),
               bit_or(bit_field<4>(s[3], 15), bit_field<2>(s[2], 48)), d[0], dmin, out.scales + 4,
               out.offsets + 4);
}
inline void unpack(Q4_K, const auto& rows, std::size_t u, VecI8 (&w)[16]) {
  VecI8 q[8];
  gather_columns(rows, 16 + u * 32, q);
  MOE_UNROLL
  for (std::size_t i = 0; i < 8; ++i) {
    w[i] = bit_field<0>(q[i], 15);
    w[8 + i] = bit_field<4>(q[i], 15);
  }
}

inline void unpack_scales(Q5_K, const auto& rows, std::size_t blocks, Int8Scales& out) {
  unpack_scales(Q4_K{}, rows, blocks, out);
}
/// w[i] |= bit `Bit` of bits[i], moved to bit 4.
template <int Bit>
inline void add_fifth_bits(VecI8* w, const VecI8 (&bits)[4]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) w[i] = bit_or(w[i], bit_field<Bit - 4>(bits[i], 16));
}
inline void unpack(Q5_K, const auto& rows, std::size_t u, VecI8 (&w)[16]) {
  MOE_UNROLL
  for (std::size_t half = 0; half < 2; ++half) {
    VecI8 q[4], high[4];
    gather_columns(rows, 48 + u * 32 + half * 16, q);
    gather_columns(rows, 16 + half * 16, high);
    MOE_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {
      w[half * 4 + i] = bit_field<0>(q[i], 15);
      w[half * 4 + 8 + i] = bit_field<4>(q[i], 15);
    }
    switch (u) {
      case 0: add_fifth_bits<0>(w + half * 4, high), add_fifth_bits<1>(w + half * 4 + 8, high); break;
      case 1: add_fifth_bits<2>(w + half * 4, high), add_fifth_bits<3>(w + half * 4 + 8, high); break;
      case 2: add_fifth_bits<4>(w + half * 4, high), add_fifth_bits<5>(w + half * 4 + 8, high); break;
      default: add_fifth_bits<6>(w + half * 4, high), add_fifth_bits<7>(w + half * 4 + 8, high); break;
    }
  }
}

/// Multiplies the numbers of four groups of 16 columns, k to k + 3 in order of columns, by d, and stores the products in the
/// order in which units have the groups.
inline void scale_groups_of_16(std::size_t k, Vec d, Vec n0, Vec n1, Vec n2, Vec n3, Vec* out) {
  Vec* first = out + k / 8 * 8 + k % 8 / 2;
  first[0] = mul(d, n0), first[4] = mul(d, n1), first[1] = mul(d, n2), first[5] = mul(d, n3);
}
inline void scale_groups_of_16(std::size_t k, Vec d, VecI8 bytes, Vec* out) {
  scale_groups_of_16(k, d, unsigned_byte<0>(bytes), unsigned_byte<1>(bytes), unsigned_byte<2>(bytes),
                     unsigned_byte<3>(bytes), out);
}

inline void unpack_scales(Q6_K, const auto& rows, std::size_t, Int8Scales& out) {
  Vec d;
  gather_f16(rows, 208, 0, 1, &d);
  VecI8 s[4];  // s[i] holds the scales of the groups 4 · i to 4 · i + 3 in order of columns
  gather_columns(rows, 192, s);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i)
    scale_groups_of_16(4 * i, d, signed_byte<0>(s[i]), signed_byte<1>(s[i]), signed_byte<2>(s[i]),
                       signed_byte<3>(s[i]), out.scales);
}
inline void unpack(Q6_K, const auto& rows, std::size_t u, VecI8 (&w)[16]) {
  const std::size_t n = u / 2, part = u % 2;
  VecI8 first[4], second[4], high[4];
  gather_columns(rows, n * 64 + part * 16, first);
  gather_columns(rows, n * 64 + 32 + part * 16, second);
  gather_columns(rows, 128 + n * 32 + part * 16, high);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = bit_or(bit_field<0>(first[i], 15), bit_field<-4>(high[i], 48));
    w[4 + i] = bit_or(bit_field<0>(second[i], 15), bit_field<-2>(high[i], 48));
    w[8 + i] = bit_or(bit_field<4>(first[i], 15), bit_field<0>(high[i], 48));
    w[12 + i] = bit_or(bit_field<4>(second[i], 15), bit_field<2>(high[i], 48));
  }
}

/// w = numbers of two bits, of the bytes [at, at + 16) of all rows: w[4 · j + i] has the bits 2 · j and 2 · j + 1.
inline void unpack_two_bits(const auto& rows, std::size_t at, VecI8 (&w)[16]) {
  VecI8 q[4];
  gather_columns(rows, at, q);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = bit_field<0>(q[i], 3);
    w[4 + i] = bit_field<2>(q[i], 3);
    w[8 + i] = bit_field<4>(q[i], 3);
    w[12 + i] = bit_field<6>(q[i], 3);
  }
}

/// The sixteen 6-bit scales of q3_k, minus 32: the low four bits are the nibbles of the bytes 96 to 103, the upper two bits are
/// in the bytes 104 to 107. s[1], s[2] and s[3] are these twelve bytes.
template <int... I>
inline void unpack_scales_of(const VecI8 (&s)[4], Vec d, Int8Scales& out, std::integer_sequence<int, I...>) {
  const Vec bias = broadcast(32);
  const auto add_four = [&](std::size_t k, VecI8 n) {
    scale_groups_of_16(k, d, sub(unsigned_byte<0>(n), bias), sub(unsigned_byte<1>(n), bias),
                       sub(unsigned_byte<2>(n), bias), sub(unsigned_byte<3>(n), bias), out.scales);
  };
  (add_four(4 * I, bit_or(bit_field<I / 2 * 4>(s[1 + I % 2], 15), bit_field<I * 2 - 4>(s[3], 48))), ...);
}
inline void unpack_scales(Q3_K, const auto& rows, std::size_t, Int8Scales& out) {
  Vec d;
  gather_f16(rows, 108, 0, 1, &d);
  VecI8 s[4];
  gather_columns(rows, 92, s);
  unpack_scales_of(s, d, out, std::make_integer_sequence<int, 4>());
}
/// w[4 · j + i] |= bit First + j of bits[i], moved to bit 2.
template <int First>
inline void add_third_bits(const VecI8 (&bits)[4], VecI8 (&w)[16]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = bit_or(w[i], bit_field<First - 2>(bits[i], 4));
    w[4 + i] = bit_or(w[4 + i], bit_field<First - 1>(bits[i], 4));
    w[8 + i] = bit_or(w[8 + i], bit_field<First>(bits[i], 4));
    w[12 + i] = bit_or(w[12 + i], bit_field<First + 1>(bits[i], 4));
  }
}
inline void unpack(Q3_K, const auto& rows, std::size_t u, VecI8 (&w)[16]) {
  const std::size_t n = u / 2, part = u % 2;
  unpack_two_bits(rows, 32 + n * 32 + part * 16, w);
  VecI8 bits[4];
  gather_columns(rows, part * 16, bits);
  n == 0 ? add_third_bits<0>(bits, w) : add_third_bits<4>(bits, w);
}

inline void unpack_scales(Q2_K, const auto& rows, std::size_t, Int8Scales& out) {
  Vec d[2];
  gather_f16(rows, 80, 2, 2, d);
  const Vec dmin = sub(zero(), d[1]);
  VecI8 s[4];  // s[i]: the scales, and in the high nibbles the offsets, of the groups 4 · i to 4 · i + 3
  gather_columns(rows, 0, s);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    scale_groups_of_16(4 * i, d[0], bit_field<0>(s[i], 15), out.scales);
    scale_groups_of_16(4 * i, dmin, bit_field<4>(s[i], 15), out.offsets);
  }
}
inline void unpack(Q2_K, const auto& rows, std::size_t u, VecI8 (&w)[16]) {
  unpack_two_bits(rows, 16 + u * 16, w);
}
