// Products of quantised weights with quantised activations. Compiled once per instruction set, and per kind of byte product.
//
// A tile of rows is unpacked once for all tokens. The integers of a group are summed exactly; then one fma per group, in
// sequence, with the product of the two scales. So the order of summation is the same for any number of tokens, and for
// all kinds of byte product; sums that wait for the next tile of columns lie in `out`.

/// What `Tokens` tokens bring to a tile's columns.
template <std::size_t Tokens>
struct Int8Input {
  const std::int8_t* quants[Tokens];
  const float* scales[Tokens];
  std::int32_t corrections[Tokens][tile_cols / 16];  // what the excess of a group's weights adds, negated
  float sums[Tokens][tile_cols / 32];                // of 32 activations
};

template <class Type, std::size_t Tokens>
inline void prepare(const MatmulArgs& a, std::size_t column, std::size_t groups, std::size_t token,
                    std::size_t tokens, Int8Input<Tokens>& input) {
  for (std::size_t t = 0; t < Tokens; ++t) {  // tokens that are not there repeat the last one
    const std::size_t row = a.row_of(token + (t < tokens ? t : tokens - 1));
    input.quants[t] = a.quants + row * a.cols + column;
    input.scales[t] = a.scales + (row * a.cols + column) / 32;
    const std::int16_t* sums = a.sums + (row * a.cols + column) / 16;
    for (std::size_t g = 0; g < groups; ++g) {
      const int sum = Type::group == 16 ? sums[g] : sums[2 * g] + sums[2 * g + 1];
      if constexpr (Type::has_offsets) input.sums[t][g] = static_cast<float>(sum) * input.scales[t][g];
      input.corrections[t][g] = -excess(Type{}) * sum;
    }
  }
}

/// out[t, r] += for the rows of the tiles and `tokens` <= Tokens tokens from `token` on.
template <class Type, std::size_t Tokens>
inline void add_products(const MatmulArgs& a, const Int8Tile* tiles, std::size_t row, std::size_t column,
                         std::size_t blocks, std::size_t token, std::size_t tokens) {
  const std::size_t groups = blocks * 32 / Type::group;
  Int8Input<Tokens> input;
  prepare<Type>(a, column, groups, token, tokens, input);

  Vec total[row_groups][Tokens];
  MOE_UNROLL
  for (std::size_t r = 0; r < row_groups; ++r) {
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t)
      total[r][t] = column == 0 || t >= tokens ? zero() : load_rows(a, row + r * lanes, token + t);
  }

  for (std::size_t g = 0; g < groups; ++g) {
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
        const Bytes x = spread(input.quants[t] + g * Type::group + c);
        MOE_UNROLL
        for (std::size_t r = 0; r < row_groups; ++r)
          sum[r][t] = dot(Type{}, sum[r][t], tiles[r].weights[(g * Type::group + c) / 4], x);
      }
    }
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) {
      const Vec scale = set(input.scales[t][g * Type::group / 32]);
      MOE_UNROLL
      for (std::size_t r = 0; r < row_groups; ++r) {
        total[r][t] = fma(to_float(sum[r][t]), mul(tiles[r].scales[g], scale), total[r][t]);
        if constexpr (Type::has_offsets)
          total[r][t] = fma(tiles[r].offsets[g], set(input.sums[t][g]), total[r][t]);
      }
    }
  }

  MOE_UNROLL
  for (std::size_t r = 0; r < row_groups; ++r) {
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t)
      if (t < tokens) store_rows(a, row + r * lanes, token + t, total[r][t]);
  }
}

/// All tokens for the rows of the tiles from `row` on.
template <class Type>
inline void int8_rows(const MatmulArgs& a, std::size_t row) {
  using Product = typename Type::Product;
  const std::byte* rows[row_groups * lanes];
  for (std::size_t r = 0; r < row_groups * lanes; ++r)  // lanes without a row repeat the last one
    rows[r] = a.weights + (row + r < a.rows ? row + r : a.rows - 1) * a.row_bytes;

  for (std::size_t column = 0; column < a.cols; column += tile_cols) {
    const std::size_t blocks = (a.cols - column < tile_cols ? a.cols - column : tile_cols) / 32;
    const std::size_t bytes = blocks * 32 / Type::block * Type::bytes;
    Int8Tile tiles[row_groups];
    for (std::size_t r = 0; r < row_groups; ++r) unpack(Type{}, rows + r * lanes, blocks, tiles[r]);
    for (const std::byte*& at : rows) at += bytes;

    // In parentheses: the functions of this kind of byte product, not those that Int8Tile's namespace may have besides.
    if (a.tokens == 1) {
      (add_products<Product, 1>)(a, tiles, row, column, blocks, 0, 1);
      continue;
    }
    for (std::size_t token = 0; token < a.tokens; token += int8_tokens)
      (add_products<Product, int8_tokens>)(a, tiles, row, column, blocks, token,
                                           a.tokens - token < int8_tokens ? a.tokens - token : int8_tokens);
  }
}

template <class Type>
void matmul_int8(const MatmulArgs& a) {
  for (std::size_t row = 0; row < a.rows; row += row_groups * lanes) int8_rows<Type>(a, row);
}
