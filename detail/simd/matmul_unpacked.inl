// SPDX-License-Identifier: MIT
// Matrix products of mxfp4 and f8_e4m3 weights with float activations. Compiled once per instruction set.
//
// With one token, numbers are multiplied as soon as they are unpacked; with several tokens, the decoded tiles of
// matmul_decoded.inl are shared. Both have the same order of summation.

/// out = the 32 numbers of a block.
inline void unpack(MXFP4, const std::byte* block, Vec (&out)[32 / lanes]) {
  unpack_fp4(block + 1, std::to_integer<std::size_t>(block[0]), out);
}

inline void unpack(F8_E4M3, const std::byte* block, Vec (&out)[32 / lanes]) {
  if (any_nan_e4m3(block + 4)) {
    float numbers[32];
    moe::detail::dequantise_f8_e4m3(block, numbers);
    for (std::size_t i = 0; i < 32 / lanes; ++i) out[i] = load(numbers + i * lanes);
    return;
  }
  const Vec scale = broadcast(moe::detail::load_as<float>(block) * 256);
  MOE_UNROLL
  for (std::size_t i = 0; i < 32 / lanes; ++i) out[i] = mul(load(E4M3{}, block + 4 + i * lanes), scale);
}

/// out[r] for one token and the rows row, row + row_step, ...
template <class Type, std::size_t Rows>
inline void unpacked_rows(const MatmulArgs& a, std::size_t row, std::size_t row_step) {
  const std::byte* block = a.weights + row * a.row_bytes;
  const float* x = a.x + a.row_of(0) * a.x_stride;
  Vec total[Rows];
  MOE_UNROLL
  for (std::size_t r = 0; r < Rows; ++r) total[r] = zero();
  for (std::size_t c = 0; c < a.cols; c += 32, block += Type::bytes) {
    MOE_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      const std::byte* at = block + r * row_step * a.row_bytes;
      prefetch_to_l2(at + prefetch_bytes);
      Vec w[32 / lanes];
      unpack(Type{}, at, w);
      MOE_UNROLL
      for (std::size_t i = 0; i < 32 / lanes; ++i) total[r] = fma(w[i], load(x + c + i * lanes), total[r]);
    }
  }
  MOE_UNROLL
  for (std::size_t r = 0; r < Rows; ++r) a.out[row + r * row_step] = sum(total[r]);
}

template <class Type>
void decode_unpacked(const MatmulArgs& a, const std::byte* from, std::size_t cols, float* out) {
  for (std::size_t i = 0; i < cols; i += 32, from += Type::bytes) {
    prefetch_to_l2(from + decoded_rows * a.row_bytes);  // the same place in the next tile
    Vec w[32 / lanes];
    unpack(Type{}, from, w);
    MOE_UNROLL
    for (std::size_t j = 0; j < 32 / lanes; ++j) store(out + i + j * lanes, w[j]);
  }
}

/// The rows of one token are divided into streams, as in float_vector().
template <class Type>
void matmul_unpacked(const MatmulArgs& a) {
  if (a.tokens > 1) return matmul_decoded(a, decode_unpacked<Type>);
  constexpr std::size_t streams = 4;
  const std::size_t rows = a.rows / streams;
  for (std::size_t row = 0; row < rows; ++row) unpacked_rows<Type, streams>(a, row, rows);
  for (std::size_t row = rows * streams; row < a.rows; ++row) unpacked_rows<Type, 1>(a, row, 1);
}
