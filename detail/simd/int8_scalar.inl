// What products of quantised rows are made of: bytes of as many rows as a Vec has lanes, a lane each. The reference for the
// other int8_*.inl. Each defines
//   Bytes                  four bytes of each lane's row
//   Ints                   an int32 for each
//   row_groups             how many times `lanes` rows are multiplied together
//   gather(rows, at, i)    16 bytes from `at` on of each of the rows i, i + 4, ...
//   gather_scales<step>(rows, blocks, out)  the f16 numbers at the front of blocks of `step` bytes
//   transpose(q)           what gather() brought for i = 0 to 3 becomes the bytes 0-3, 4-7, 8-11, 12-15 of all rows
//   field<shift>(b, mask)  each byte moved down by `shift` bits (up if negative) and masked
//   either, from_signed    bitwise or; signed bytes as dot(Q8_0) wants them
//   unsigned_byte<i>, signed_byte<i>  one byte of each lane, as a number
//   spread(x), spread_int(n)          the same four bytes, or the same int32, in all lanes
//   pair_sums(sums, factor, out)       out[g] = (sums[2 * g] + sums[2 * g + 1]) * factor, for eight g
//   dot(type, sum, w, x)   sum + the products of w and x: exact. w is what the type's unpack() makes
//   excess(type)           how much more than the weight itself unpack() puts into w

struct Bytes {
  std::uint8_t at[lanes * 4];
};
struct Ints {
  std::int32_t lane[lanes];
};
inline constexpr std::size_t row_groups = 1;

inline Bytes gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  Bytes out;
  for (std::size_t quarter = 0; quarter < lanes / 4; ++quarter)
    std::memcpy(out.at + quarter * 16, rows.first[i] + quarter * rows.four + at, 16);
  return out;
}

inline void transpose(Bytes (&q)[4]) {
  Bytes out[4];
  for (std::size_t lane = 0; lane < lanes; ++lane)
    for (std::size_t i = 0; i < 4; ++i)
      std::memcpy(out[i].at + lane * 4, q[lane % 4].at + lane / 4 * 16 + i * 4, 4);
  for (std::size_t i = 0; i < 4; ++i) q[i] = out[i];
}

/// The scales at the front of `blocks` blocks of `Step` bytes.
template <std::size_t Step>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  gather_halves(rows, 0, Step, blocks, out);
}

template <int Shift>
inline Bytes field(Bytes b, int mask) {
  for (std::uint8_t& byte : b.at) {
    const int moved = Shift < 0 ? byte << (Shift < 0 ? -Shift : 0) : byte >> (Shift < 0 ? 0 : Shift);
    byte = static_cast<std::uint8_t>(moved & mask);
  }
  return b;
}
inline Bytes either(Bytes a, Bytes b) {
  for (std::size_t i = 0; i < lanes * 4; ++i) a.at[i] = static_cast<std::uint8_t>(a.at[i] | b.at[i]);
  return a;
}
inline Bytes from_signed(Bytes b) { return b; }

template <std::size_t I>
inline Vec unsigned_byte(Bytes b) {
  return map([&](std::size_t lane) { return static_cast<float>(b.at[lane * 4 + I]); });
}
template <std::size_t I>
inline Vec signed_byte(Bytes b) {
  return map(
      [&](std::size_t lane) { return static_cast<float>(static_cast<std::int8_t>(b.at[lane * 4 + I])); });
}

inline Bytes spread(const std::int8_t* x) {
  Bytes out;
  for (std::size_t lane = 0; lane < lanes; ++lane) std::memcpy(out.at + lane * 4, x, 4);
  return out;
}
inline Ints spread_int(std::int32_t n) {
  Ints out;
  for (std::int32_t& lane : out.lane) lane = n;
  return out;
}
inline Vec to_float(Ints n) {
  return map([&](std::size_t lane) { return static_cast<float>(n.lane[lane]); });
}

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  for (std::size_t g = 0; g < 8; ++g) out[g] = (sums[2 * g] + sums[2 * g + 1]) * factor;
}

template <class Type>
constexpr int excess(Type) {
  return Type::excess;
}

template <class Type>
inline Ints dot(Type, Ints sum, const Bytes& w, const Bytes& x) {
  for (std::size_t lane = 0; lane < lanes; ++lane)
    for (std::size_t i = lane * 4; i < lane * 4 + 4; ++i)
      sum.lane[lane] += static_cast<std::int8_t>(w.at[i]) * static_cast<std::int8_t>(x.at[i]);
  return sum;
}
