// Single numbers of quantised rows, for all int8_*.inl: Int8Rows are as many as a Vec has lanes.

/// `count` f16 numbers of each row, eight at most: at `at` and then every `step` bytes.
inline void gather_halves(const Int8Rows& rows, std::size_t at, std::size_t step, std::size_t count,
                          Vec* out) {
  std::uint16_t halves[8][lanes];
  for (std::size_t i = 0; i < count; ++i) {
    MOE_UNROLL
    for (std::size_t r = 0; r < lanes; ++r)
      std::memcpy(&halves[i][r], rows.first[r % 4] + r / 4 * rows.four + at + i * step, 2);
  }
  for (std::size_t i = 0; i < count; ++i) out[i] = load(F16{}, reinterpret_cast<const std::byte*>(halves[i]));
}
