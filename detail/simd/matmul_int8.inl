// Products of quantised weights with quantised activations. Compiled once per instruction set.
//
// The integers of a group are summed exactly; then one fma per group, in sequence, with the product of the two scales. One
// token alone is multiplied as the weights are unpacked; for several a tile of them is unpacked once. The order of
// summation is the same, and so are the bits of all instruction sets that have fma.

/// What `Tokens` tokens bring to tile_cols columns, in the order of the weights' units.
template <std::size_t Tokens>
struct Int8Input {
  const std::int8_t* quants[Tokens];
  const float* scales[Tokens];
  std::int32_t corrections[Tokens][tile_cols / 16];  // what the excess of a group's weights adds, negated
  float sums[Tokens][tile_cols / 32];                // of 32 activations
};

template <class Type, std::size_t Tokens>
inline void prepare(const MatmulArgs& a, std::size_t column, std::size_t blocks, std::size_t token,
                    std::size_t tokens, Int8Input<Tokens>& input) {
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {  // tokens that are not there repeat the last one
    const std::size_t at = a.row_of(token + (t < tokens ? t : tokens - 1)) * a.cols + column;
    input.quants[t] = a.quants + at;
    input.scales[t] = a.scales + at / 32;
    std::int16_t sums[16] = {};
    if (blocks == 8) {
      std::memcpy(sums, a.sums + at / 16, sizeof sums);
    } else {
      std::memcpy(sums, a.sums + at / 16, blocks * 4);
    }
    if constexpr (Type::group == 16) {
      for (std::size_t g = 0; g < 16; ++g) input.corrections[t][g] = -excess(Type{}) * sums[place(Type{}, g)];
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

/// out[token, row ...] for one token and the rows of one Vec.
template <class Type>
inline void int8_vector(const MatmulArgs& a, std::size_t row, const Int8Input<1>* prepared) {
  using Product = typename Type::Product;
  const std::size_t used = a.rows - row < lanes ? a.rows - row : lanes;
  Vec total = zero();
  Ahead<Type> ahead{a.weights + (row + lanes) * a.row_bytes};
  for (std::size_t column = 0; column < a.cols; column += tile_cols) {
    const std::size_t blocks = (a.cols - column < tile_cols ? a.cols - column : tile_cols) / 32;
    std::byte copy[lanes * copied_bytes];
    const Int8Rows rows = rows_of<Type>(a, row, lanes, column, blocks, copy);
    Int8Input<1> later;
    if (column >= prepared_cols) prepare<Product>(a, column, blocks, 0, 1, later);
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
        const std::size_t from = place(Product{}, g) * Product::group;
        Ints sum = spread_int(input.corrections[0][g]);
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

/// out[t, row ...] += for the rows of the tiles and `tokens` <= Tokens tokens from `token` on.
template <class Type, std::size_t Tokens>
inline void add_products(const MatmulArgs& a, const Int8Tile* tiles, std::size_t row, std::size_t column,
                         std::size_t blocks, std::size_t token, std::size_t tokens) {
  Int8Input<Tokens> input;
  prepare<Type>(a, column, blocks, token, tokens, input);
  for (std::size_t t = token + Tokens; t < token + 2 * Tokens && t < a.tokens; ++t) {  // for the next call
    const std::byte* next = reinterpret_cast<const std::byte*>(a.quants + a.row_of(t) * a.cols + column);
    for (std::size_t i = 0; i < tile_cols; i += 64) prefetch(next + i);
  }
  const std::size_t rows = a.rows - row;  // as far as there are any

  Vec total[row_groups][Tokens];
  MOE_UNROLL
  for (std::size_t r = 0; r < row_groups; ++r) {
    const std::size_t used = rows < r * lanes ? 0 : rows - r * lanes < lanes ? rows - r * lanes : lanes;
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t)
      total[r][t] = column == 0 || t >= tokens
                        ? zero()
                        : load_some(a.out + (token + t) * a.out_stride + row + r * lanes, used);
  }

  const std::size_t groups = blocks * 32 / Type::group;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t from = place(Type{}, g) * Type::group;
    Ints sum[row_groups][Tokens];
    MOE_UNROLL
    for (std::size_t r = 0; r < row_groups; ++r) {
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) sum[r][t] = spread_int(input.corrections[t][g]);
    }
    MOE_UNROLL
    for (std::size_t c = 0; c < Type::group; c += 4) {
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) {
        const Bytes x = spread(input.quants[t] + from + c);
        MOE_UNROLL
        for (std::size_t r = 0; r < row_groups; ++r)
          sum[r][t] = dot(Type{}, sum[r][t], tiles[r].weights[(g * Type::group + c) / 4], x);
      }
    }
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) {
      MOE_UNROLL
      for (std::size_t r = 0; r < row_groups; ++r)
        total[r][t] = add_group(Type{}, sum[r][t], tiles[r].of_groups, g, input.scales[t][from / 32],
                                input.sums[t][g % 8], total[r][t]);
    }
  }

  MOE_UNROLL
  for (std::size_t r = 0; r < row_groups; ++r) {
    const std::size_t used = rows < r * lanes ? 0 : rows - r * lanes < lanes ? rows - r * lanes : lanes;
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t)
      if (t < tokens) store_some(a.out + (token + t) * a.out_stride + row + r * lanes, total[r][t], used);
  }
}

/// All tokens for as many rows as row_groups Vecs have lanes.
template <class Type>
inline void int8_rows(const MatmulArgs& a, std::size_t row) {
  using Product = typename Type::Product;
  Ahead<Type> ahead{a.weights + (row + row_groups * lanes) * a.row_bytes};
  for (std::size_t column = 0; column < a.cols; column += tile_cols) {
    const std::size_t blocks = (a.cols - column < tile_cols ? a.cols - column : tile_cols) / 32;
    Int8Tile tiles[row_groups];
    for (std::size_t r = 0; r < row_groups; ++r) {
      std::byte copy[lanes * copied_bytes];
      unpack_tile(Type{}, rows_of<Type>(a, row + r * lanes, lanes, column, blocks, copy), blocks, ahead,
                  tiles[r]);
    }
    for (std::size_t token = 0; token < a.tokens; token += int8_tokens)
      add_products<Product, int8_tokens>(a, tiles, row, column, blocks, token,
                                         a.tokens - token < int8_tokens ? a.tokens - token : int8_tokens);
  }
}

template <class Type>
void matmul_int8(const MatmulArgs& a) {
  if (a.tokens == 1) {
    // What is the same for all rows is computed once, as far as there is room.
    Int8Input<1> prepared[prepared_cols / tile_cols];
    for (std::size_t column = 0; column < a.cols && column < prepared_cols; column += tile_cols)
      prepare<typename Type::Product>(a, column,
                                      (a.cols - column < tile_cols ? a.cols - column : tile_cols) / 32, 0, 1,
                                      prepared[column / tile_cols]);
    for (std::size_t row = 0; row < a.rows; row += lanes) int8_vector<Type>(a, row, prepared);
  } else {
    for (std::size_t row = 0; row < a.rows; row += row_groups * lanes) int8_rows<Type>(a, row);
  }
}
