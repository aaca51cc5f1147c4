// SPDX-License-Identifier: MIT
// Access to single numbers in quantised rows, for all int8_*.inl. An Int8Rows has as many rows as a Vec has lanes.

/// out[i] = the f16 number at byte at + i · step of each row, as float, for i < count <= 8.
inline void gather_f16(const Int8Rows& rows, std::size_t at, std::size_t step, std::size_t count, Vec* out) {
  std::uint16_t halves[8][lanes];
  for (std::size_t i = 0; i < count; ++i) {
    MOE_UNROLL
    for (std::size_t r = 0; r < lanes; ++r)
      std::memcpy(&halves[i][r], rows.first[r % 4] + r / 4 * rows.stride_4 + at + i * step, 2);
  }
  for (std::size_t i = 0; i < count; ++i) out[i] = load(F16{}, reinterpret_cast<const std::byte*>(halves[i]));
}

/// out[i] = byte at + i · step of each row, as float, for i < count <= 8.
inline void gather_u8(const Int8Rows& rows, std::size_t at, std::size_t step, std::size_t count, Vec* out) {
  std::byte bytes[8][lanes];
  for (std::size_t i = 0; i < count; ++i) {
    MOE_UNROLL
    for (std::size_t r = 0; r < lanes; ++r)
      bytes[i][r] = rows.first[r % 4][r / 4 * rows.stride_4 + at + i * step];
  }
  for (std::size_t i = 0; i < count; ++i) out[i] = load(U8{}, bytes[i]);
}
