// Products of quantised weights with quantised activations. Compiled once per instruction set, and per kind
// of byte product.
//
// As many rows as a Vec has lanes go together, a lane each. A block's integers are summed exactly; then one
// fma per block, in sequence, with the product of the two scales. So the order of summation is the same for
// any number of tokens, and for all kinds of byte product.

/// out[t, r] for `Tokens` tokens from `token` on and the rows of one Vec from `row` on.
template <class Type, std::size_t Tokens>
inline void int8_tile(const MatmulArgs& a, std::size_t row, std::size_t token) {
  const std::size_t rows = a.rows - row < lanes ? a.rows - row : lanes;
  const std::byte* blocks[lanes];
  for (std::size_t r = 0; r < lanes; ++r)  // lanes without a row repeat the last one
    blocks[r] = a.weights + (row + (r < rows ? r : rows - 1)) * a.row_bytes;

  const std::int8_t* quants[Tokens];
  const float* scales[Tokens];
  Vec total[Tokens];
  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t) {
    quants[t] = a.quants + a.row_of(token + t) * a.cols;
    scales[t] = a.scales + a.row_of(token + t) * (a.cols / 32);
    total[t] = zero();
  }

  for (std::size_t b = 0; b < a.cols / 32; ++b) {
    Packed weights[groups];
    MOE_UNROLL
    for (std::size_t g = 0; g < groups; ++g) {
      const std::byte* of_group[packed_rows];
      MOE_UNROLL
      for (std::size_t i = 0; i < packed_rows; ++i) of_group[i] = blocks[row_of(g, i)];
      weights[g] = unpack(Type{}, of_group);
    }
    const Vec weight_scales = block_scales(blocks);
    MOE_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t) {
      const Input x = prepare(Type{}, quants[t] + b * 32);
      Partials partials[groups];
      MOE_UNROLL
      for (std::size_t g = 0; g < groups; ++g) partials[g] = dot(Type{}, weights[g], x);
      total[t] = fma(row_sums(partials), mul(weight_scales, set(scales[t][b])), total[t]);
    }
    MOE_UNROLL
    for (std::size_t r = 0; r < lanes; ++r) blocks[r] += Type::bytes;
  }

  MOE_UNROLL
  for (std::size_t t = 0; t < Tokens; ++t)
    store_some(a.out + (token + t) * a.out_stride + row, total[t], rows);
}

template <class Type>
void matmul_int8(const MatmulArgs& a) {
  std::size_t token = 0;
  for (; token + 4 <= a.tokens; token += 4)
    for (std::size_t row = 0; row < a.rows; row += lanes) int8_tile<Type, 4>(a, row, token);
  for (; token < a.tokens; ++token)
    for (std::size_t row = 0; row < a.rows; row += lanes) int8_tile<Type, 1>(a, row, token);
}
