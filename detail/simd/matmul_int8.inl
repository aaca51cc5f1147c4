// Products of quantised weights with quantised activations. Compiled once per instruction set.
//
// The integers of a group are summed exactly; then one fma per group, in sequence, with the product of the two scales. One
// token alone is multiplied as the weights are unpacked; for several a tile of them is unpacked once. The order of
// summation is the same, and so are the bits of all instruction sets that have fma.

/// What `Tokens` tokens bring to tile_cols columns, in the order of the weights' units.
template <std::size_t Tokens>
struct Int8Input {
  const std::int8_t* quants[Tokens];
  float scales[Tokens][tile_cols / 32];
  // What the excess of a group's weights adds, negated; by columns.
  std::int32_t corrections[Tokens][tile_cols / 16];
  // Of 32 activations.
  float sums[Tokens][tile_cols / 32];
};

/// The blocks from number at[t] of the activations on.
template <class Type, std::size_t Tokens>
inline void prepare(const MatmulArgs& a, const std::size_t (&at)[Tokens], std::size_t blocks,
                    Int8Input<Tokens>& input) {
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    input.quants[t] = a.quants + at[t];
    std::int16_t sums[16];
    if (blocks == 8) {
      std::memcpy(sums, a.sums + at[t] / 16, sizeof sums);
      std::memcpy(input.scales[t], a.scales + at[t] / 32, sizeof input.scales[t]);
    } else {
      std::memset(sums, 0, sizeof sums);
      std::memcpy(sums, a.sums + at[t] / 16, blocks * 4);
      std::memcpy(input.scales[t], a.scales + at[t] / 32, blocks * 4);
    }
    if constexpr (Type::group == 16) {
      MOE_UNROLL
      for (std::size_t g = 0; g < 16; ++g) input.corrections[t][g] = -excess(Type{}) * sums[g];
    } else {
      pair_sums(sums, Type::has_offsets ? 1 : -excess(Type{}), input.corrections[t]);
    }
    if constexpr (Type::has_offsets) {  // and no excess
      for (std::size_t g = 0; g < 8; ++g) {
        input.sums[t][g] = static_cast<float>(input.corrections[t][g]) * input.scales[t][g];
        input.corrections[t][g] = 0;
      }
    }
  }
}

/// So many columns of one token are prepared once for all rows.
inline constexpr std::size_t prepared_cols = 4096;

/// So far behind the rows at hand are the weights that one token asks for, so that the last of the next rows are there in time.
inline constexpr std::size_t vector_ahead_bytes = std::size_t{6} << 10;

/// out[token, row ...] for one token and the rows of one Vec.
template <class Type>
inline void int8_vector(const MatmulArgs& a, std::size_t row, const Int8Input<1>* prepared) {
  using Product = typename Type::Product;
  const std::size_t used = a.rows - row < lanes ? a.rows - row : lanes;
  Vec total = zero();
  Ahead<Type> ahead{a.weights + (row + lanes) * a.row_bytes + vector_ahead_bytes};
  for (std::size_t column = 0; column < a.cols; column += tile_cols) {
    const std::size_t blocks = (a.cols - column < tile_cols ? a.cols - column : tile_cols) / 32;
    std::byte copy[lanes * copied_bytes];
    const Int8Rows rows = rows_of<Type>(a, row, lanes, column, blocks, copy);
    Int8Input<1> later;
    if (column >= prepared_cols) prepare<Product, 1>(a, {a.row_of(0) * a.cols + column}, blocks, later);
    const Int8Input<1>& input = column < prepared_cols ? prepared[column / tile_cols] : later;
    Int8Scales of_groups;
    unpack_scales(Type{}, rows, blocks, of_groups);
    constexpr std::size_t groups = Type::unit / Product::group;
    for (std::size_t u = 0; u < blocks * 32 / Type::unit; ++u) {
      Bytes w[Type::unit / 4];
      ahead.next();
      unpack(Type{}, rows, u, w);
      MOE_UNROLL
      for (std::size_t i = 0; i < groups; ++i) {
        const std::size_t g = u * groups + i;
        const std::size_t at = place(Product{}, g), from = at * Product::group;
        Ints sum = spread_int(input.corrections[0][at]);
        MOE_UNROLL
        for (std::size_t c = 0; c < Product::group; c += 4)
          sum = dot(Product{}, sum, w[(i * Product::group + c) / 4], spread(input.quants[0] + from + c));
        total =
            add_group(Product{}, sum, of_groups, g, input.scales[0][from / 32], input.sums[0][g % 8], total);
      }
    }
  }
  store_some(a.out + row, total, used);
}

/// So many tiles lie one behind the other: 16 KiB of weights, half of a first-level cache.
inline constexpr std::size_t tiles_deep = (std::size_t{16} << 10) / (row_groups * lanes * tile_cols);

/// The sums of some rows and tokens, while they are in registers.
template <std::size_t Tokens>
struct Int8Totals {
  Vec of[row_groups][Tokens];
};

/// totals += the products of one tile's columns.
template <class Type, std::size_t Tokens>
inline void add_tile(const Int8Tile (&tiles)[row_groups], std::size_t blocks, const Int8Input<Tokens>& input,
                     Int8Totals<Tokens>& totals) {
  const std::size_t groups = blocks * 32 / Type::group;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t at = place(Type{}, g), from = at * Type::group;
    Ints sum[row_groups][Tokens];
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) {
      MOE_UNROLL
      for (std::size_t r = 0; r < row_groups; ++r) sum[r][t] = spread_int(input.corrections[t][at]);
    }
    MOE_UNROLL
    for (std::size_t c = 0; c < Type::group; c += 4) {
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) {
        const Bytes x = spread(input.quants[t] + from + c);
        MOE_UNROLL
        for (std::size_t r = 0; r < row_groups; ++r)
          sum[r][t] = dot(Type{}, sum[r][t], tiles[r].weights[g * (Type::group / 4) + c / 4], x);
      }
    }
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) {
      MOE_UNROLL
      for (std::size_t r = 0; r < row_groups; ++r)
        totals.of[r][t] = add_group(Type{}, sum[r][t], tiles[r].of_groups, g, input.scales[t][from / 32],
                                    input.sums[t][g % 8], totals.of[r][t]);
    }
  }
}

/// So many tokens at most are multiplied with one set of tiles: their sums, 32 KiB, fit into a second-level cache.
inline constexpr std::size_t batch_tokens = 256;

/// A part of a product: as many rows as row_groups Vecs have lanes, some columns, some tokens.
struct Int8Part {
  std::size_t row, column, blocks, token, tokens;
};

/// The sums of a part's rows over the columns before, one token after the other.
struct Int8Sums {
  Vec of[batch_tokens][row_groups];
};

/// The sums of a part become the result when the last column is reached. Whole: all rows and tokens are there.
template <bool Whole, std::size_t Tokens>
inline void store_totals(const MatmulArgs& a, const Int8Part& part, const Int8Totals<Tokens>& totals) {
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    if (!Whole && t >= part.tokens) return;
    float* out = a.out + (part.token + t) * a.out_stride + part.row;
    MOE_UNROLL
    for (std::size_t r = 0; r < row_groups; ++r) {
      const std::size_t rows = a.rows - part.row;
      if (Whole || rows >= (r + 1) * lanes) {
        store(out + r * lanes, totals.of[r][t]);
      } else if (rows > r * lanes) {
        store_some(out + r * lanes, totals.of[r][t], rows - r * lanes);
      }
    }
  }
}

/// sums += the products of the tiles with at most Tokens tokens; with the last columns they become the result.
template <class Type, std::size_t Tokens, bool Whole>
inline void add_products(const MatmulArgs& a, const Int8Tile (&tiles)[tiles_deep][row_groups],
                         const Int8Part& part, Vec (*sums)[row_groups]) {
  std::size_t at[Tokens];
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t)  // tokens that are not there repeat the last one
    at[t] = a.row_of(part.token + (Whole || t < part.tokens ? t : part.tokens - 1)) * a.cols + part.column;

  Int8Totals<Tokens> totals;
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    MOE_UNROLL
    for (std::size_t r = 0; r < row_groups; ++r) totals.of[r][t] = part.column > 0 ? sums[t][r] : zero();
  }
  for (std::size_t block = 0; block < part.blocks; block += tile_cols / 32) {
    const std::size_t blocks = part.blocks - block < tile_cols / 32 ? part.blocks - block : tile_cols / 32;
    Int8Input<Tokens> input;
    prepare<Type>(a, at, blocks, input);
    add_tile<Type>(tiles[block * 32 / tile_cols], blocks, input, totals);
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) at[t] += tile_cols;
  }
  if (part.column + part.blocks * 32 == a.cols) return store_totals<Whole>(a, part, totals);
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    MOE_UNROLL
    for (std::size_t r = 0; r < row_groups; ++r) sums[t][r] = totals.of[r][t];
  }
}

/// Asks for the activations of a part's next tokens.
inline void prefetch_next_input(const MatmulArgs& a, const Int8Part& part) {
  for (std::size_t t = part.token + int8_tokens; t < part.token + 2 * int8_tokens && t < a.tokens; ++t) {
    const std::byte* next = reinterpret_cast<const std::byte*>(a.quants + a.row_of(t) * a.cols + part.column);
    for (std::size_t i = 0; i < part.blocks * 32; i += 64) prefetch(next + i);
  }
}

/// The products of a part that fills the tiles, for its tokens.
template <class Type>
inline void int8_part(const MatmulArgs& a, Int8Part part, Ahead<Type>& ahead, Int8Sums& sums) {
  using Product = typename Type::Product;
  Int8Tile tiles[tiles_deep][row_groups];
  for (std::size_t block = 0; block < part.blocks; block += tile_cols / 32) {
    const std::size_t blocks = part.blocks - block < tile_cols / 32 ? part.blocks - block : tile_cols / 32;
    for (std::size_t r = 0; r < row_groups; ++r) {
      std::byte copy[lanes * copied_bytes];
      unpack_tile(Type{},
                  rows_of<Type>(a, part.row + r * lanes, lanes, part.column + block * 32, blocks, copy),
                  blocks, ahead, tiles[block * 32 / tile_cols][r]);
    }
  }
  const bool whole_rows = a.rows - part.row >= row_groups * lanes;
  const std::size_t first = part.token, end = part.token + part.tokens;
  while (part.token < end) {
    prefetch_next_input(a, part);
    Vec(*of_tokens)[row_groups] = sums.of + (part.token - first);
    const std::size_t left = end - part.token;
    if (whole_rows && left >= int8_tokens) {
      part.tokens = int8_tokens;
      add_products<Product, int8_tokens, true>(a, tiles, part, of_tokens);
    } else {
      part.tokens = left < few_tokens ? left : few_tokens;
      add_products<Product, few_tokens, false>(a, tiles, part, of_tokens);
    }
    part.token += part.tokens;
  }
}

/// Some tokens for as many rows as row_groups Vecs have lanes.
template <class Type>
inline void int8_rows(const MatmulArgs& a, std::size_t row, std::size_t token, std::size_t tokens) {
  constexpr std::size_t depth = tiles_deep * tile_cols;
  Ahead<Type> ahead{a.weights + (row + row_groups * lanes) * a.row_bytes};
  Int8Sums sums;
  for (std::size_t column = 0; column < a.cols; column += depth)
    int8_part<Type>(a, {row, column, (a.cols - column < depth ? a.cols - column : depth) / 32, token, tokens},
                    ahead, sums);
}

template <class Type>
void matmul_int8(const MatmulArgs& a) {
  if (a.tokens == 1) {
    // What is the same for all rows is computed once, as far as there is room.
    Int8Input<1> prepared[prepared_cols / tile_cols];
    for (std::size_t column = 0; column < a.cols && column < prepared_cols; column += tile_cols)
      prepare<typename Type::Product, 1>(a, {a.row_of(0) * a.cols + column},
                                         (a.cols - column < tile_cols ? a.cols - column : tile_cols) / 32,
                                         prepared[column / tile_cols]);
    for (std::size_t row = 0; row < a.rows; row += lanes) int8_vector<Type>(a, row, prepared);
  } else {
    for (std::size_t token = 0; token < a.tokens; token += batch_tokens) {
      const std::size_t tokens = a.tokens - token < batch_tokens ? a.tokens - token : batch_tokens;
      for (std::size_t row = 0; row < a.rows; row += row_groups * lanes)
        int8_rows<Type>(a, row, token, tokens);
    }
  }
}
