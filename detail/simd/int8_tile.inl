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
  Vec offsets[tile_cols / 32];  // one per group, for types with offsets
};

/// Up to tile_cols columns of `lanes` rows.
struct Int8Tile {
  VecI8 weights[tile_cols / 4];
  Int8Scales scales;
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
template <std::size_t Step>
inline void gather_scales(const PanelRows& rows, std::size_t blocks, Vec* out) {
  gather_f16(rows, 0, Step, blocks, out);
}
inline void gather_columns(const PanelRows& rows, std::size_t at, VecI8 (&out)[4]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) out[i] = load_i8(rows.at(at + 4 * i, 4));
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

template <class Type>
constexpr std::size_t group_of_columns(Type, std::size_t g) {
  return g;
}

inline void unpack_scales(Q8_0, const auto& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<34>(rows, blocks, out.scales);
}
inline void unpack(Q8_0, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  gather_columns(rows, u * 34 + 2, w);
  MOE_UNROLL
  for (std::size_t i = 0; i < 8; ++i) w[i] = to_dot_operand(w[i]);
}

inline void unpack_scales(Q4_0, const auto& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<18>(rows, blocks, out.scales);
}
inline void unpack(Q4_0, const auto& rows, std::size_t u, VecI8 (&w)[8]) {
  VecI8 q[4];
  gather_columns(rows, u * 18 + 2, q);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = bit_field<0>(q[i], 15);
    w[4 + i] = bit_field<4>(q[i], 15);
  }
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
  VecI8 s[4];  // s[1], s[2] and s[3] are the stride_12 bytes
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

/// q6_k: a half block has 128 columns; its unit `part` holds columns 16 · part to 16 · part + 15 of each 32 of them.
constexpr std::size_t group_of_columns(Q6_K, std::size_t g) { return g / 8 * 8 + g % 4 * 2 + g / 4 % 2; }

inline void unpack_scales(Q6_K, const auto& rows, std::size_t, Int8Scales& out) {
  Vec d;
  gather_f16(rows, 208, 0, 1, &d);
  VecI8 s[4];  // s[i] holds the scales of the groups 4 · i to 4 · i + 3 in order of columns
  gather_columns(rows, 192, s);
  MOE_UNROLL
  for (std::size_t n = 0; n < 2; ++n) {
    MOE_UNROLL
    for (std::size_t i = 0; i < 2; ++i) {
      const VecI8 four = s[2 * n + i];
      Vec* first = out.scales + n * 8 + i * 2;
      first[0] = mul(d, signed_byte<0>(four)), first[4] = mul(d, signed_byte<1>(four));
      first[1] = mul(d, signed_byte<2>(four)), first[5] = mul(d, signed_byte<3>(four));
    }
  }
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

/// Prefetches the rows that follow, in the order of addresses. Each step covers as many bytes as one unit of all lanes, and
/// is taken when one unit is unpacked: many requests in one burst would fill the queue of the memory system and stall other
/// loads.
template <class Type>
struct WeightPrefetcher {
  static constexpr std::size_t step_bytes = lanes * Type::unit * Type::bytes / Type::block;
  const std::byte* at;

  void step() {
    MOE_UNROLL
    for (std::size_t i = 0; i < step_bytes; i += 64) prefetch_to_l2(at + i);
    at += step_bytes;
  }
};

/// Unpacks `blocks` blocks of 32 columns, at most tile_cols columns, of all rows.
template <class Type>
inline void unpack_tile(Type type, const auto& rows, std::size_t blocks, WeightPrefetcher<Type>& prefetcher,
                        Int8Tile& tile) {
  unpack_scales(type, rows, blocks, tile.scales);
  for (std::size_t u = 0; u < blocks * 32 / Type::unit; ++u) {
    VecI8 w[Type::unit / 4];
    prefetcher.step();
    unpack(type, rows, u, w);
    MOE_UNROLL
    for (std::size_t i = 0; i < Type::unit / 4; ++i) tile.weights[u * (Type::unit / 4) + i] = w[i];
  }
}

/// total + scale_of_weights · scale_of_activations · sum (+ offset · sum_of_activations), for group g of each row: one fma
/// for each term, so the order of summation is the order of groups.
template <class Type>
inline Vec add_group(Type, VecI32 sum, const Int8Scales& weights, std::size_t g, float scale,
                     float activation_sum, Vec total) {
  total = fma(to_float(sum), mul(weights.scales[g], broadcast(scale)), total);
  if constexpr (Type::has_offsets) total = fma(weights.offsets[g], broadcast(activation_sum), total);
  return total;
}

/// Tokens that share one load of a tile. row_vectors · tile_tokens sums and as many totals are in registers.
inline constexpr std::size_t tile_tokens = 4;
inline constexpr std::size_t remainder_tokens = 2;  // for the last tokens, and for the last rows

/// The bytes of tile_cols columns of one row, for the largest type: eight blocks of q8_0.
inline constexpr std::size_t tile_row_bytes = 8 * Q8_0::bytes;

/// The rows [row, row + lanes) from `column` on. Near the end of the matrix the rows are copied to `copy`, with the last row
/// repeated, so that kernels never read beyond the weights. copy: [lanes, tile_row_bytes].
template <class Type>
inline Int8Rows rows_of(RowsInOrder, const MatmulArgs& a, std::size_t row, std::size_t column,
                        std::size_t blocks, std::byte* copy) {
  const std::size_t at = column / Type::block * Type::bytes;
  if (row + lanes <= a.rows) return Int8Rows(a.weights + row * a.row_bytes + at, a.row_bytes);
  const std::size_t bytes = blocks * 32 / Type::block * Type::bytes;
  for (std::size_t r = 0; r < lanes; ++r)
    std::memcpy(copy + r * bytes, a.weights + (row + r < a.rows ? row + r : a.rows - 1) * a.row_bytes + at,
                bytes);
  return Int8Rows(copy, bytes);
}

/// The rows [row, row + lanes) of panels from `column` on. Rows after the last one are the first rows of the last panel.
template <class Type>
inline PanelRows rows_of(RowsInPanels, const MatmulArgs& a, std::size_t row, std::size_t column, std::size_t,
                         std::byte*) {
  if (row >= a.rows) row = a.rows - panel_rows;
  return {a.weights + row / panel_rows * panel_rows * a.row_bytes +
              panel_rows * (column / Type::block * Type::bytes),
          row % panel_rows};
}
