// Quantised rows made ready for products: unpacked from their blocks, with the bytes of as many rows as a Vec has lanes side
// by side, so that every dot product of four bytes ends in its row's lane. Compiled once per instruction set.

inline constexpr std::size_t tile_cols = 256;

/// Some columns, tile_cols at most, of one row per lane.
struct Int8Tile {
  Bytes weights[tile_cols / 4];
  Vec scales[tile_cols / 16];   // of Type::group columns each
  Vec offsets[tile_cols / 32];  // what is added to 32 weights, for types that have it
};

/// The f16 numbers at `at` and then every `step` bytes of each row, times `sign`.
inline void gather_halves(const std::byte* const* rows, std::size_t at, std::size_t step, std::size_t count,
                          Vec* out) {
  std::uint16_t halves[tile_cols / 32][lanes];
  for (std::size_t i = 0; i < count; ++i) {
    MOE_UNROLL
    for (std::size_t r = 0; r < lanes; ++r) std::memcpy(&halves[i][r], rows[r] + at + i * step, 2);
  }
  for (std::size_t i = 0; i < count; ++i) out[i] = load(F16{}, reinterpret_cast<const std::byte*>(halves[i]));
}

/// 16 bytes of all rows: four Bytes.
inline void gather_columns(const std::byte* const* rows, std::size_t at, Bytes (&out)[4]) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) out[i] = gather(rows, at, i);
  transpose(out);
}

// unpack(type, rows, blocks, tile): the next `blocks` blocks of 32 columns of each row. K-quants: always all 256.

inline void unpack(Q8_0, const std::byte* const* rows, std::size_t blocks, Int8Tile& tile) {
  gather_halves(rows, 0, 34, blocks, tile.scales);
  for (std::size_t b = 0; b < blocks * 2; ++b) {
    Bytes q[4];
    gather_columns(rows, b / 2 * 34 + 2 + b % 2 * 16, q);
    MOE_UNROLL
    for (std::size_t i = 0; i < 4; ++i) tile.weights[b * 4 + i] = from_signed(q[i]);
  }
}

inline void unpack(Q4_0, const std::byte* const* rows, std::size_t blocks, Int8Tile& tile) {
  gather_halves(rows, 0, 18, blocks, tile.scales);
  for (std::size_t b = 0; b < blocks; ++b) {
    Bytes q[4];
    gather_columns(rows, b * 18 + 2, q);
    MOE_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {
      tile.weights[b * 8 + i] = field<0>(q[i], 15);
      tile.weights[b * 8 + 4 + i] = field<4>(q[i], 15);
    }
  }
}

template <std::size_t I>
inline void scale_groups(Bytes scales, Bytes offsets, Vec d, Vec dmin, std::size_t first, Int8Tile& tile) {
  tile.scales[first + I] = mul(d, unsigned_byte<I>(scales));
  tile.offsets[first + I] = mul(dmin, unsigned_byte<I>(offsets));
}

/// The header of q4_k and q5_k: d, dmin and twelve bytes of 6-bit scales and offsets.
inline void unpack_groups(const std::byte* const* rows, Int8Tile& tile) {
  Vec d, dmin;
  gather_halves(rows, 0, 0, 1, &d);
  gather_halves(rows, 2, 0, 1, &dmin);
  dmin = sub(zero(), dmin);
  Bytes s[4];  // s[1], s[2] and s[3] are the twelve bytes
  gather_columns(rows, 0, s);
  const Bytes scales[2] = {field<0>(s[1], 63), either(field<0>(s[3], 15), field<2>(s[1], 48))};
  const Bytes offsets[2] = {field<0>(s[2], 63), either(field<4>(s[3], 15), field<2>(s[2], 48))};
  for (std::size_t half = 0; half < 2; ++half) {
    scale_groups<0>(scales[half], offsets[half], d, dmin, half * 4, tile);
    scale_groups<1>(scales[half], offsets[half], d, dmin, half * 4, tile);
    scale_groups<2>(scales[half], offsets[half], d, dmin, half * 4, tile);
    scale_groups<3>(scales[half], offsets[half], d, dmin, half * 4, tile);
  }
}

/// The nibbles of q4_k and q5_k, from `at` on.
inline void unpack_nibbles(const std::byte* const* rows, std::size_t at, Int8Tile& tile) {
  for (std::size_t b = 0; b < 8; ++b) {
    Bytes q[4];
    gather_columns(rows, at + b * 16, q);
    MOE_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {
      tile.weights[b / 2 * 16 + b % 2 * 4 + i] = field<0>(q[i], 15);
      tile.weights[b / 2 * 16 + b % 2 * 4 + 8 + i] = field<4>(q[i], 15);
    }
  }
}

inline void unpack(Q4_K, const std::byte* const* rows, std::size_t, Int8Tile& tile) {
  unpack_groups(rows, tile);
  unpack_nibbles(rows, 16, tile);
}

/// Adds bit `Group` of q to 16 columns of that group.
template <int Group>
inline void add_fifth_bit(const Bytes (&q)[4], std::size_t half, Int8Tile& tile) {
  MOE_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    Bytes& w = tile.weights[Group * 8 + half * 4 + i];
    w = either(w, field<Group - 4>(q[i], 16));
  }
}

inline void unpack(Q5_K, const std::byte* const* rows, std::size_t, Int8Tile& tile) {
  unpack_groups(rows, tile);
  unpack_nibbles(rows, 48, tile);
  for (std::size_t half = 0; half < 2; ++half) {
    Bytes q[4];
    gather_columns(rows, 16 + half * 16, q);
    add_fifth_bit<0>(q, half, tile);
    add_fifth_bit<1>(q, half, tile);
    add_fifth_bit<2>(q, half, tile);
    add_fifth_bit<3>(q, half, tile);
    add_fifth_bit<4>(q, half, tile);
    add_fifth_bit<5>(q, half, tile);
    add_fifth_bit<6>(q, half, tile);
    add_fifth_bit<7>(q, half, tile);
  }
}

template <std::size_t I>
inline void scale_sixteenth(Bytes scales, Vec d, std::size_t first, Int8Tile& tile) {
  tile.scales[first + I] = mul(d, signed_byte<I>(scales));
}

inline void unpack(Q6_K, const std::byte* const* rows, std::size_t, Int8Tile& tile) {
  Vec d;
  gather_halves(rows, 208, 0, 1, &d);
  Bytes s[4];
  gather_columns(rows, 192, s);
  for (std::size_t i = 0; i < 4; ++i) {
    scale_sixteenth<0>(s[i], d, i * 4, tile);
    scale_sixteenth<1>(s[i], d, i * 4, tile);
    scale_sixteenth<2>(s[i], d, i * 4, tile);
    scale_sixteenth<3>(s[i], d, i * 4, tile);
  }
  for (std::size_t b = 0; b < 4; ++b) {  // 16 columns of each quarter of a half
    const std::size_t n = b / 2, part = b % 2;
    Bytes first[4], second[4], high[4];
    gather_columns(rows, n * 64 + part * 16, first);
    gather_columns(rows, n * 64 + 32 + part * 16, second);
    gather_columns(rows, 128 + n * 32 + part * 16, high);
    Bytes* out = tile.weights + n * 32 + part * 4;
    MOE_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {
      out[i] = either(field<0>(first[i], 15), field<-4>(high[i], 48));
      out[8 + i] = either(field<0>(second[i], 15), field<-2>(high[i], 48));
      out[16 + i] = either(field<4>(first[i], 15), field<0>(high[i], 48));
      out[24 + i] = either(field<4>(second[i], 15), field<2>(high[i], 48));
    }
  }
}

/// How many tokens are multiplied with a tile at once: with row_groups times as many sums and totals in registers.
inline constexpr std::size_t int8_tokens = 4;

/// out[token, row ...], as far as there are rows.
inline std::size_t rows_from(const MatmulArgs& a, std::size_t row) {
  return a.rows <= row ? 0 : a.rows - row < lanes ? a.rows - row : lanes;
}
inline Vec load_rows(const MatmulArgs& a, std::size_t row, std::size_t token) {
  return load_some(a.out + token * a.out_stride + row, rows_from(a, row));
}
inline void store_rows(const MatmulArgs& a, std::size_t row, std::size_t token, Vec v) {
  store_some(a.out + token * a.out_stride + row, v, rows_from(a, row));
}
