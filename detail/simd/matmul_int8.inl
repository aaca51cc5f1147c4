// SPDX-License-Identifier: MIT
// Matrix products of quantised weights with int8 activations. Compiled once per instruction set.
//
//   out[t, r] = Σ over groups g of scale_w[r, g] · scale_x[t, g] · (Σ over columns c of g of w[r, c] · x[t, c])
//               (+ offset[r, g] · scale_x[t, g] · Σ x[t, c], for types with offsets)
//
// The inner sums are exact in int32; the outer sum is one fma per group, in order. With one token, weights of the most common
// types (Type::fused) are multiplied as soon as they are unpacked. With several tokens, and for other types, a tile of weights
// is unpacked and then multiplied with all tokens. Both ways have the same order of summation, and all instruction sets with
// fma give the same bits.

/// The activations of one token for tile_cols columns. Several tokens have an array of this struct. With one struct whose
/// members are arrays for all tokens, GCC 12 miscompiles the scalar kernels at -O1 and -O2: products of q5_1 and q2_k are 0.
/// With -fno-ivopts GCC compiles these kernels correctly, and sanitizers report no error.
struct Int8Input {
  const std::int8_t* quants;
  float scales[tile_cols / 32];
  // -zero_point · Σ x of each group, in order of columns: the start value of the integer sum, which cancels the zero point.
  std::int32_t corrections[tile_cols / 16];
  // scale_x · Σ x of each group, in order of columns, for types with offsets.
  float sums[tile_cols / 16];
};

/// Sets input.sums for types with offsets, and input.corrections to 0, since these types have no zero point.
/// sums: the sums of groups of 16 activations. input.corrections: at first the sums of groups of 32, for types with such
/// groups.
template <class Type>
inline void start_offsets(Type, const std::int16_t (&sums)[16], Int8Input& input) {
  for (std::size_t g = 0; g < tile_cols / Type::group; ++g) {
    const std::int32_t sum = Type::group == 16 ? sums[g] : input.corrections[g];
    input.sums[g] = static_cast<float>(sum) * input.scales[g * Type::group / 32];
    input.corrections[g] = 0;
  }
}

/// Fills `input` with `blocks` blocks of 32 activations, from number `at` on.
template <class Type>
inline void prepare(const MatmulArgs& a, std::size_t at, std::size_t blocks, Int8Input& input) {
  input.quants = a.quants + at;
  std::int16_t sums[16];
  if (blocks == 8) {
    std::memcpy(sums, a.sums + at / 16, sizeof sums);
    std::memcpy(input.scales, a.scales + at / 32, sizeof input.scales);
  } else {
    std::memset(sums, 0, sizeof sums);
    std::memset(input.scales, 0, sizeof input.scales);
    std::memcpy(sums, a.sums + at / 16, blocks * 4);
    std::memcpy(input.scales, a.scales + at / 32, blocks * 4);
  }
  if constexpr (Type::group == 16) {
    MOE_UNROLL
    for (std::size_t g = 0; g < 16; ++g) input.corrections[g] = -zero_point(Type{}) * sums[g];
  } else {
    pair_sums(sums, Type::has_offsets ? 1 : -zero_point(Type{}), input.corrections);
  }
  if constexpr (Type::has_offsets) start_offsets(Type{}, sums, input);
}

/// The columns of one token that are prepared once for all rows; further columns are prepared again for each vector of rows.
inline constexpr std::size_t prepared_cols = 4096;

/// Prefetch distances of products with one token. Rows in order: the distance from the end of the `lanes` rows that are
/// multiplied; without this distance, the last of the following rows would arrive too late. Panels: the distance from the
/// columns that are multiplied.
/// Measured: over all types, 4 to 6 KiB are best for rows in order, and 4 to 8 KiB for panels; see tests/bench/LOG.md.
inline constexpr std::size_t vector_prefetch_bytes = std::size_t{6} << 10;
inline constexpr std::size_t panel_prefetch_bytes = std::size_t{4} << 10;

/// total += the products of `lanes` rows with `blocks` blocks of 32 columns, at most tile_cols columns.
template <class Type>
inline void add_columns(const auto& rows, std::size_t blocks, const Int8Input& input,
                        WeightPrefetcher<Type>& prefetcher, Vec& total) {
  using Product = typename Type::Product;
  Int8Scales scales;
  unpack_scales(Type{}, rows, blocks, scales);
  constexpr std::size_t groups = Type::unit / Product::group;
  for (std::size_t u = 0; u < blocks * 32 / Type::unit; ++u) {
    VecI8 w[Type::unit / 4];
    prefetcher.step();
    unpack(Type{}, rows, u, w);
    MOE_UNROLL
    for (std::size_t i = 0; i < groups; ++i) {
      const std::size_t g = u * groups + i;
      const std::size_t at = group_of_columns(Product{}, g), from = at * Product::group;
      DotSum<Product> sum;
      sum.start(input.corrections[at]);
      MOE_UNROLL
      for (std::size_t c = 0; c < Product::group; c += 4)
        sum.add(c / 4, w[(i * Product::group + c) / 4], broadcast_i8x4(input.quants + from + c));
      total = add_group(Product{}, sum.value(), scales, g, input.scales[from / 32], input.sums[at], total);
    }
  }
}

/// total += the products of the `lanes` rows of a tile.
template <class Product>
MOE_NOINLINE void add_tile_of_vector(const Int8Tile& tile, std::size_t blocks, const Int8Input& input,
                                     Vec& total) {
  for (std::size_t g = 0; g < blocks * (32 / Product::group); ++g) {
    const std::size_t at = group_of_columns(Product{}, g), from = at * Product::group;
    DotSum<Product> sum;
    sum.start(input.corrections[at]);
    MOE_UNROLL
    for (std::size_t c = 0; c < Product::group; c += 4)
      sum.add(c / 4, tile.weights[(g * Product::group + c) / 4], broadcast_i8x4(input.quants + from + c));
    total = add_group(Product{}, sum.value(), tile.scales, g, input.scales[from / 32], input.sums[at], total);
  }
}

/// Where prefetching begins, for the rows from `row` on.
inline const std::byte* first_prefetch(RowsInOrder, const MatmulArgs& a, std::size_t row) {
  return a.weights + (row + lanes) * a.row_bytes + vector_prefetch_bytes;
}
inline const std::byte* first_prefetch(RowsInPanels, const MatmulArgs& a, std::size_t row) {
  return a.weights + row * a.row_bytes + panel_prefetch_bytes;
}

/// out[row, row + lanes) for one token. prepared: the activations of the first prepared_cols columns.
template <class Type, class Order>
inline void int8_vector(Order order, const MatmulArgs& a, std::size_t row, const Int8Input* prepared) {
  const std::size_t used = a.rows - row < lanes ? a.rows - row : lanes;
  Vec total = zero();
  WeightPrefetcher<Type> prefetcher{first_prefetch(order, a, row)};
  for (std::size_t column = 0; column < a.cols; column += tile_cols) {
    const std::size_t blocks = (a.cols - column < tile_cols ? a.cols - column : tile_cols) / 32;
    Int8Input further;
    if (column >= prepared_cols)
      prepare<typename Type::Product>(a, a.row_of(0) * a.cols + column, blocks, further);
    const Int8Input& input = column < prepared_cols ? prepared[column / tile_cols] : further;
    std::byte copy[lanes * tile_row_bytes];
    const auto rows = rows_of<Type>(order, a, row, column, blocks, copy);
    if constexpr (Type::fused) {
      add_columns<Type>(rows, blocks, input, prefetcher, total);
    } else {
      Int8Tile tile;
      unpack_tile(Type{}, rows, blocks, prefetcher, tile);
      add_tile_of_vector<typename Type::Product>(tile, blocks, input, total);
    }
  }
  store_partial(a.out + row, total, used);
}

/// The number of tiles of a part along the columns: 16 KiB of unpacked weights, half of a first-level cache.
inline constexpr std::size_t tiles_per_part = (std::size_t{16} << 10) / (row_vectors * lanes * tile_cols);

/// The accumulators of some rows and tokens, in registers.
template <std::size_t Tokens>
struct Int8Totals {
  Vec of[row_vectors][Tokens];
};

/// totals += the products of one tile.
template <class Type, std::size_t Tokens>
inline void add_tile(const Int8Tile (&tiles)[row_vectors], std::size_t blocks,
                     const Int8Input (&input)[Tokens], Int8Totals<Tokens>& totals) {
  const std::size_t groups = blocks * (32 / Type::group);
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t at = group_of_columns(Type{}, g), from = at * Type::group;
    DotSum<Type> sum[row_vectors][Tokens];
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) {
      MOE_UNROLL
      for (std::size_t r = 0; r < row_vectors; ++r) sum[r][t].start(input[t].corrections[at]);
    }
    MOE_UNROLL
    for (std::size_t c = 0; c < Type::group; c += 4) {
      MOE_UNROLL
      for (std::size_t t = 0; t < Tokens; ++t) {
        const VecI8 x = broadcast_i8x4(input[t].quants + from + c);
        MOE_UNROLL
        for (std::size_t r = 0; r < row_vectors; ++r)
          sum[r][t].add(c / 4, tiles[r].weights[g * (Type::group / 4) + c / 4], x);
      }
    }
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) {
      MOE_UNROLL
      for (std::size_t r = 0; r < row_vectors; ++r)
        totals.of[r][t] = add_group(Type{}, sum[r][t].value(), tiles[r].scales, g, input[t].scales[from / 32],
                                    input[t].sums[at], totals.of[r][t]);
    }
  }
}

/// The most tokens of one part. Their accumulators, 32 KiB with AVX-512, fit into a second-level cache.
inline constexpr std::size_t batch_tokens = 256;

/// A part of a product: row_vectors · lanes rows from `row` on, `blocks` blocks of 32 columns, some tokens.
struct Int8Part {
  std::size_t row, column, blocks, token, tokens;
};

/// The accumulators of all tokens of a part, between one range of columns and the next.
struct Int8Sums {
  Vec of[batch_tokens][row_vectors];
};

/// Writes the accumulators to `out`, after the last column. Whole: the part has row_vectors · lanes rows and Tokens tokens.
template <bool Whole, std::size_t Tokens>
inline void store_totals(const MatmulArgs& a, const Int8Part& part, const Int8Totals<Tokens>& totals) {
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    if (!Whole && t >= part.tokens) return;
    float* out = a.out + (part.token + t) * a.out_stride + part.row;
    MOE_UNROLL
    for (std::size_t r = 0; r < row_vectors; ++r) {
      const std::size_t rows = a.rows - part.row;
      if (Whole || rows >= (r + 1) * lanes) {
        store(out + r * lanes, totals.of[r][t]);
      } else if (rows > r * lanes) {
        store_partial(out + r * lanes, totals.of[r][t], rows - r * lanes);
      }
    }
  }
}

/// sums += the products of the tiles with up to Tokens tokens. After the last column the sums are written to `out`.
template <class Type, std::size_t Tokens, bool Whole>
inline void add_products(const MatmulArgs& a, const Int8Tile (&tiles)[tiles_per_part][row_vectors],
                         const Int8Part& part, Vec (*sums)[row_vectors]) {
  std::size_t at[Tokens];
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t)  // beyond the last token, the last token is repeated
    at[t] = a.row_of(part.token + (Whole || t < part.tokens ? t : part.tokens - 1)) * a.cols + part.column;

  Int8Totals<Tokens> totals;
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    MOE_UNROLL
    for (std::size_t r = 0; r < row_vectors; ++r) totals.of[r][t] = part.column > 0 ? sums[t][r] : zero();
  }
  for (std::size_t block = 0; block < part.blocks; block += tile_cols / 32) {
    const std::size_t blocks = part.blocks - block < tile_cols / 32 ? part.blocks - block : tile_cols / 32;
    Int8Input input[Tokens];
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) prepare<Type>(a, at[t], blocks, input[t]);
    add_tile<Type>(tiles[block * 32 / tile_cols], blocks, input, totals);
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) at[t] += tile_cols;
  }
  if (part.column + part.blocks * 32 == a.cols) return store_totals<Whole>(a, part, totals);
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    MOE_UNROLL
    for (std::size_t r = 0; r < row_vectors; ++r) sums[t][r] = totals.of[r][t];
  }
}

/// Prefetches the activations of the next tokens. They come from the second-level cache and are read at once, hence the
/// first level.
inline void prefetch_next_input(const MatmulArgs& a, const Int8Part& part) {
  for (std::size_t t = part.token + tile_tokens; t < part.token + 2 * tile_tokens && t < a.tokens; ++t) {
    const std::byte* next = reinterpret_cast<const std::byte*>(a.quants + a.row_of(t) * a.cols + part.column);
    for (std::size_t i = 0; i < part.blocks * 32; i += 64) prefetch_to_l1(next + i);
  }
}

/// Unpacks the tiles of a part and multiplies them with all its tokens.
template <class Type, class Order>
inline void int8_part(const MatmulArgs& a, Int8Part part, WeightPrefetcher<Type>& prefetcher,
                      Int8Sums& sums) {
  using Product = typename Type::Product;
  Int8Tile tiles[tiles_per_part][row_vectors];
  for (std::size_t block = 0; block < part.blocks; block += tile_cols / 32) {
    const std::size_t blocks = part.blocks - block < tile_cols / 32 ? part.blocks - block : tile_cols / 32;
    for (std::size_t r = 0; r < row_vectors; ++r) {
      std::byte copy[lanes * tile_row_bytes];
      unpack_tile(Type{},
                  rows_of<Type>(Order{}, a, part.row + r * lanes, part.column + block * 32, blocks, copy),
                  blocks, prefetcher, tiles[block * 32 / tile_cols][r]);
    }
  }
  const bool whole_rows = a.rows - part.row >= row_vectors * lanes;
  const std::size_t first = part.token, end = part.token + part.tokens;
  while (part.token < end) {
    prefetch_next_input(a, part);
    Vec(*of_tokens)[row_vectors] = sums.of + (part.token - first);
    const std::size_t left = end - part.token;
    if (whole_rows && left >= tile_tokens) {
      part.tokens = tile_tokens;
      add_products<Product, tile_tokens, true>(a, tiles, part, of_tokens);
    } else {
      part.tokens = left < remainder_tokens ? left : remainder_tokens;
      add_products<Product, remainder_tokens, false>(a, tiles, part, of_tokens);
    }
    part.token += part.tokens;
  }
}

/// out[t, r] for row_vectors · lanes rows from `row` on and up to batch_tokens tokens from `token` on.
template <class Type, class Order>
inline void int8_rows(const MatmulArgs& a, std::size_t row, std::size_t token, std::size_t tokens) {
  constexpr std::size_t depth = tiles_per_part * tile_cols;
  WeightPrefetcher<Type> prefetcher{a.weights + (row + row_vectors * lanes) * a.row_bytes};
  Int8Sums sums;
  for (std::size_t column = 0; column < a.cols; column += depth)
    int8_part<Type, Order>(
        a, {row, column, (a.cols - column < depth ? a.cols - column : depth) / 32, token, tokens}, prefetcher,
        sums);
}

template <class Type, class Order>
inline void multiply_int8(const MatmulArgs& a) {
  if (a.tokens == 1) {
    Int8Input prepared[prepared_cols / tile_cols];
    for (std::size_t column = 0; column < a.cols && column < prepared_cols; column += tile_cols)
      prepare<typename Type::Product>(a, a.row_of(0) * a.cols + column,
                                      (a.cols - column < tile_cols ? a.cols - column : tile_cols) / 32,
                                      prepared[column / tile_cols]);
    for (std::size_t row = 0; row < a.rows; row += lanes) int8_vector<Type>(Order{}, a, row, prepared);
  } else {
    for (std::size_t token = 0; token < a.tokens; token += batch_tokens) {
      const std::size_t tokens = a.tokens - token < batch_tokens ? a.tokens - token : batch_tokens;
      for (std::size_t row = 0; row < a.rows; row += row_vectors * lanes)
        int8_rows<Type, Order>(a, row, token, tokens);
    }
  }
}

template <class Type>
void matmul_int8(const MatmulArgs& a) {
  a.in_panels ? multiply_int8<Type, RowsInPanels>(a) : multiply_int8<Type, RowsInOrder>(a);
}

/// Puts the products of this file into a table.
inline void use_int8_products(Kernels& table) {
  const auto use = [&](DType dtype, Kernels::Matmul matmul) {
    table.matmul[static_cast<std::size_t>(dtype)] = matmul;
  };
  use(DType::q8_0, matmul_int8<Q8_0>);
  use(DType::q5_0, matmul_int8<Q5_0>);
  use(DType::q4_0, matmul_int8<Q4_0>);
  use(DType::q5_1, matmul_int8<Q5_1>);
  use(DType::q4_1, matmul_int8<Q4_1>);
  use(DType::q6_k, matmul_int8<Q6_K>);
  use(DType::q5_k, matmul_int8<Q5_K>);
  use(DType::q4_k, matmul_int8<Q4_K>);
  use(DType::q3_k, matmul_int8<Q3_K>);
  use(DType::q2_k, matmul_int8<Q2_K>);
  use(DType::iq4_nl, matmul_int8<IQ4_NL>);
  use(DType::iq4_xs, matmul_int8<IQ4_XS>);
  table.matmul_int8_mxfp4 = multiply_int8<MXFP4, RowsInOrder>;
}
