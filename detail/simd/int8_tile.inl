// Quantised rows made ready for products: unpacked from their blocks, with the bytes of as many rows as a Vec has lanes side
// by side, so that every dot product of four bytes ends in its row's lane. Compiled once per instruction set.
//
// Rows are taken tile_cols columns at a time, and these by units of 32 or 64 columns:
//   unpack_scales(type, rows, blocks, s)   the scales (and offsets) of all groups of up to tile_cols columns
//   unpack(type, rows, u, w)               the bytes of unit u: w[i] are four columns
//   place(type, g)                         which group of columns is the g-th in the order of the units

inline constexpr std::size_t tile_cols = 256;

struct Int8Scales {
  Vec scales[tile_cols / 16];   // of Type::group columns each
  Vec offsets[tile_cols / 32];  // what is added to 32 weights, for types that have it
};

/// Some columns, tile_cols at most, of one row per lane.
struct Int8Tile {
  Bytes weights[tile_cols / 4];
  Int8Scales of_groups;
};

/// 16 bytes of all rows: four Bytes.
inline void gather_columns(const Int8Rows& rows, std::size_t at, Bytes (&out)[4]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) out[i] = gather(rows, at, i);
  transpose(out);
}

/// 32 bytes of all rows: eight Bytes. An instruction set may have its own.
template <class Rows>
inline void gather_columns(const Rows& rows, std::size_t at, Bytes (&out)[8]) {
  MOE_UNROLL
  for (std::size_t half = 0; half < 2; ++half) {
    Bytes q[4];
    gather_columns(rows, at + half * 16, q);
    MOE_UNROLL
    for (std::size_t i = 0; i < 4; ++i) out[half * 4 + i] = q[i];
  }
}

template <class Type>
constexpr std::size_t place(Type, std::size_t g) {
  return g;
}

inline void unpack_scales(Q8_0, const Int8Rows& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<34>(rows, blocks, out.scales);
}
inline void unpack(Q8_0, const Int8Rows& rows, std::size_t u, Bytes (&w)[8]) {
  gather_columns(rows, u * 34 + 2, w);
  MOE_UNROLL
  for (std::size_t i = 0; i < 8; ++i) w[i] = from_signed(w[i]);
}

inline void unpack_scales(Q4_0, const Int8Rows& rows, std::size_t blocks, Int8Scales& out) {
  gather_scales<18>(rows, blocks, out.scales);
}
inline void unpack(Q4_0, const Int8Rows& rows, std::size_t u, Bytes (&w)[8]) {
  Bytes q[4];
  gather_columns(rows, u * 18 + 2, q);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = field<0>(q[i], 15);
    w[4 + i] = field<4>(q[i], 15);
  }
}

/// The products of d with four scales, and of dmin with four offsets.
inline void scale_groups(Bytes scales, Bytes offsets, Vec d, Vec dmin, Vec* out_scales, Vec* out_offsets) {
  out_scales[0] = mul(d, unsigned_byte<0>(scales)), out_offsets[0] = mul(dmin, unsigned_byte<0>(offsets));
  out_scales[1] = mul(d, unsigned_byte<1>(scales)), out_offsets[1] = mul(dmin, unsigned_byte<1>(offsets));
  out_scales[2] = mul(d, unsigned_byte<2>(scales)), out_offsets[2] = mul(dmin, unsigned_byte<2>(offsets));
  out_scales[3] = mul(d, unsigned_byte<3>(scales)), out_offsets[3] = mul(dmin, unsigned_byte<3>(offsets));
}

/// The header of q4_k and q5_k: d, dmin and twelve bytes of 6-bit scales and offsets.
inline void unpack_scales(Q4_K, const Int8Rows& rows, std::size_t, Int8Scales& out) {
  Vec d[2];
  gather_halves(rows, 0, 2, 2, d);
  const Vec dmin = sub(zero(), d[1]);
  Bytes s[4];  // s[1], s[2] and s[3] are the twelve bytes
  gather_columns(rows, 0, s);
  scale_groups(field<0>(s[1], 63), field<0>(s[2], 63), d[0], dmin, out.scales, out.offsets);
  scale_groups(either(field<0>(s[3], 15), field<2>(s[1], 48)), either(field<4>(s[3], 15), field<2>(s[2], 48)),
               d[0], dmin, out.scales + 4, out.offsets + 4);
}
inline void unpack(Q4_K, const Int8Rows& rows, std::size_t u, Bytes (&w)[16]) {
  Bytes q[8];
  gather_columns(rows, 16 + u * 32, q);
  MOE_UNROLL
  for (std::size_t i = 0; i < 8; ++i) {
    w[i] = field<0>(q[i], 15);
    w[8 + i] = field<4>(q[i], 15);
  }
}

inline void unpack_scales(Q5_K, const Int8Rows& rows, std::size_t blocks, Int8Scales& out) {
  unpack_scales(Q4_K{}, rows, blocks, out);
}
/// Bit `Bit` of each byte as the fifth bit of a number.
template <int Bit>
inline void add_fifth_bits(Bytes* w, const Bytes (&bits)[4]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) w[i] = either(w[i], field<Bit - 4>(bits[i], 16));
}
inline void unpack(Q5_K, const Int8Rows& rows, std::size_t u, Bytes (&w)[16]) {
  MOE_UNROLL
  for (std::size_t half = 0; half < 2; ++half) {
    Bytes q[4], high[4];
    gather_columns(rows, 48 + u * 32 + half * 16, q);
    gather_columns(rows, 16 + half * 16, high);
    MOE_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {
      w[half * 4 + i] = field<0>(q[i], 15);
      w[half * 4 + 8 + i] = field<4>(q[i], 15);
    }
    switch (u) {
      case 0: add_fifth_bits<0>(w + half * 4, high), add_fifth_bits<1>(w + half * 4 + 8, high); break;
      case 1: add_fifth_bits<2>(w + half * 4, high), add_fifth_bits<3>(w + half * 4 + 8, high); break;
      case 2: add_fifth_bits<4>(w + half * 4, high), add_fifth_bits<5>(w + half * 4 + 8, high); break;
      default: add_fifth_bits<6>(w + half * 4, high), add_fifth_bits<7>(w + half * 4 + 8, high); break;
    }
  }
}

/// A unit is 16 columns of each quarter of a half.
constexpr std::size_t place(Q6_K, std::size_t g) { return g / 8 * 8 + g % 4 * 2 + g / 4 % 2; }

inline void unpack_scales(Q6_K, const Int8Rows& rows, std::size_t, Int8Scales& out) {
  Vec d;
  gather_halves(rows, 208, 0, 1, &d);
  Bytes s[4];  // s[i] are the scales of the groups 4 · i on, in order of columns
  gather_columns(rows, 192, s);
  MOE_UNROLL
  for (std::size_t n = 0; n < 2; ++n) {
    MOE_UNROLL
    for (std::size_t i = 0; i < 2; ++i) {
      const Bytes four = s[2 * n + i];
      Vec* first = out.scales + n * 8 + i * 2;
      first[0] = mul(d, signed_byte<0>(four)), first[4] = mul(d, signed_byte<1>(four));
      first[1] = mul(d, signed_byte<2>(four)), first[5] = mul(d, signed_byte<3>(four));
    }
  }
}
inline void unpack(Q6_K, const Int8Rows& rows, std::size_t u, Bytes (&w)[16]) {
  const std::size_t n = u / 2, part = u % 2;
  Bytes first[4], second[4], high[4];
  gather_columns(rows, n * 64 + part * 16, first);
  gather_columns(rows, n * 64 + 32 + part * 16, second);
  gather_columns(rows, 128 + n * 32 + part * 16, high);
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = either(field<0>(first[i], 15), field<-4>(high[i], 48));
    w[4 + i] = either(field<0>(second[i], 15), field<-2>(high[i], 48));
    w[8 + i] = either(field<4>(first[i], 15), field<0>(high[i], 48));
    w[12 + i] = either(field<4>(second[i], 15), field<2>(high[i], 48));
  }
}

/// Asks for rows that come later, a unit of all lanes at a time, in the order of their addresses. Little by little: many
/// requests at once would block others.
template <class Type>
struct Ahead {
  static constexpr std::size_t step = lanes * Type::unit * Type::bytes / Type::block;
  const std::byte* at;

  void next() {
    MOE_UNROLL
    for (std::size_t i = 0; i < step; i += 64) prefetch_far(at + i);
    at += step;
  }
};

/// All of up to tile_cols columns.
template <class Type>
inline void unpack_tile(Type type, const Int8Rows& rows, std::size_t blocks, Ahead<Type>& ahead,
                        Int8Tile& tile) {
  unpack_scales(type, rows, blocks, tile.of_groups);
  for (std::size_t u = 0; u < blocks * 32 / Type::unit; ++u) {
    Bytes w[Type::unit / 4];
    ahead.next();
    unpack(type, rows, u, w);
    MOE_UNROLL
    for (std::size_t i = 0; i < Type::unit / 4; ++i) tile.weights[u * (Type::unit / 4) + i] = w[i];
  }
}

/// total + the products of a group's exact sums with its scales.
template <class Type>
inline Vec add_group(Type, Ints sum, const Int8Scales& weights, std::size_t g, float scale, float activations,
                     Vec total) {
  total = fma(to_float(sum), mul(weights.scales[g], set(scale)), total);
  if constexpr (Type::has_offsets) total = fma(weights.offsets[g], set(activations), total);
  return total;
}

/// How many tokens are multiplied with a tile at once: with row_groups times as many sums and totals in registers.
inline constexpr std::size_t int8_tokens = 4;
inline constexpr std::size_t few_tokens = 2;  // of those that are left over, and where rows are

/// The most bytes that tile_cols columns take.
inline constexpr std::size_t copied_bytes = 272;

/// `count` rows from `row` on, from a column on. If there are fewer they are copied, and the last one repeated.
template <class Type>
inline Int8Rows rows_of(const MatmulArgs& a, std::size_t row, std::size_t count, std::size_t column,
                        std::size_t blocks, std::byte* copy) {
  const std::size_t at = column / Type::block * Type::bytes;
  if (row + count <= a.rows) return Int8Rows(a.weights + row * a.row_bytes + at, a.row_bytes);
  const std::size_t bytes = blocks * 32 / Type::block * Type::bytes;
  for (std::size_t r = 0; r < count; ++r)
    std::memcpy(copy + r * bytes, a.weights + (row + r < a.rows ? row + r : a.rows - 1) * a.row_bytes + at,
                bytes);
  return Int8Rows(copy, bytes);
}
