// SPDX-License-Identifier: MIT
// Integer vectors for products of quantised weights, in plain C++: the reference for all int8_*.inl. Each vector serves
// `lanes` rows of weights, one row per 32-bit lane, so that products of four bytes are added in the lane of their
// row and no sum across lanes is needed. Each int8_*.inl defines
//   VecI8                    four bytes of each row
//   VecI32                   one int32 for each row
//   row_vectors              how many tiles, of `lanes` rows each, products with several tokens multiply together
//   load_i8(p)               the 4 · lanes bytes at p: four bytes of each row, row after row
//   gather(rows, at, i)      bytes [at, at + 16) of the rows i, i + 4, i + 8, ..., in this order
//   transpose(q)             q[i] is gather(rows, at, i) before the call. After the call, q[i] has the bytes at + 4 · i to
//                            at + 4 · i + 3 of all rows, one row per lane
//   gather_scales<Step, At>(rows, blocks, out)   out[b] = the f16 number at byte At + b · Step of each row, as float
//   bit_field<Shift>(b, mask)                each byte shifted right by Shift bits (left if negative), then masked
//   bit_or(a, b)                             bitwise or
//   lookup(table, b)                         table[x] for each byte x; the table has 16 signed bytes
//   fifth_bits<I>(b)                         byte j of each lane is 16 if bit 4 · I + j of the lane is set, otherwise 0
//   low_f16(b)                               the f16 number in the first two bytes of each lane as float
//   to_dot_operand(b)                        signed bytes in the form that DotSum<Q8_0> takes
//   unsigned_byte<I>(b), signed_byte<I>(b)   byte I of each lane as float
//   broadcast_i8x4(x), broadcast_i32(n)      the same four bytes, or the same int32, in all lanes
//   to_float(n)                              int32 to float
//   pair_sums(sums, factor, out)             out[g] = (sums[2 · g] + sums[2 · g + 1]) · factor, for eight g
//   DotSum<Type>             the exact integer sum of one group of columns, for each row. start(correction) sets the sum;
//                            add(i, w, x) adds w · x over four columns and is called for each vector i of the group, in
//                            order; value() returns the sum. w comes from unpack() of this type, x are activations
//   zero_point(type)         number in w = weight / scale + zero_point; Type::zero_point, or 128 for q8_0 if to_dot_operand()
//                            adds 128

struct VecI8 {
  std::uint8_t at[lanes * 4];
};
struct VecI32 {
  std::int32_t lane[lanes];
};
inline constexpr std::size_t row_vectors = 1;

inline VecI8 load_i8(const std::byte* p) {
  VecI8 out;
  std::memcpy(out.at, p, sizeof out.at);
  return out;
}

inline VecI8 gather(const Int8Rows& rows, std::size_t at, std::size_t i) {
  VecI8 out;
  for (std::size_t quarter = 0; quarter < lanes / 4; ++quarter)
    std::memcpy(out.at + quarter * 16, rows.first[i] + quarter * rows.stride_4 + at, 16);
  return out;
}

inline void transpose(VecI8 (&q)[4]) {
  VecI8 out[4];
  for (std::size_t lane = 0; lane < lanes; ++lane)
    for (std::size_t i = 0; i < 4; ++i)
      std::memcpy(out[i].at + lane * 4, q[lane % 4].at + lane / 4 * 16 + i * 4, 4);
  for (std::size_t i = 0; i < 4; ++i) q[i] = out[i];
}

template <std::size_t Step, std::size_t At>
inline void gather_scales(const Int8Rows& rows, std::size_t blocks, Vec* out) {
  gather_f16(rows, At, Step, blocks, out);
}

template <int Shift>
inline VecI8 bit_field(VecI8 b, int mask) {
  for (std::uint8_t& byte : b.at) {
    const int moved = Shift < 0 ? byte << (Shift < 0 ? -Shift : 0) : byte >> (Shift < 0 ? 0 : Shift);
    byte = static_cast<std::uint8_t>(moved & mask);
  }
  return b;
}
inline VecI8 bit_or(VecI8 a, VecI8 b) {
  for (std::size_t i = 0; i < lanes * 4; ++i) a.at[i] = static_cast<std::uint8_t>(a.at[i] | b.at[i]);
  return a;
}
inline VecI8 lookup(const std::int8_t (&table)[16], VecI8 b) {
  for (std::uint8_t& byte : b.at) byte = static_cast<std::uint8_t>(table[byte]);
  return b;
}
template <std::size_t I>
inline VecI8 fifth_bits(const VecI8& b) {
  VecI8 out;
  for (std::size_t i = 0; i < lanes * 4; ++i)
    out.at[i] = static_cast<std::uint8_t>((b.at[i / 4 * 4 + I / 2] >> (I % 2 * 4 + i % 4) & 1) << 4);
  return out;
}
inline Vec low_f16(const VecI8& b) {
  return map(
      [&](std::size_t lane) { return load_one(F16{}, reinterpret_cast<const std::byte*>(b.at + lane * 4)); });
}
inline VecI8 to_dot_operand(VecI8 b) { return b; }

template <std::size_t I>
inline Vec unsigned_byte(VecI8 b) {
  return map([&](std::size_t lane) { return static_cast<float>(b.at[lane * 4 + I]); });
}
template <std::size_t I>
inline Vec signed_byte(VecI8 b) {
  return map(
      [&](std::size_t lane) { return static_cast<float>(static_cast<std::int8_t>(b.at[lane * 4 + I])); });
}

inline VecI8 broadcast_i8x4(const std::int8_t* x) {
  VecI8 out;
  for (std::size_t lane = 0; lane < lanes; ++lane) std::memcpy(out.at + lane * 4, x, 4);
  return out;
}
inline VecI32 broadcast_i32(std::int32_t n) {
  VecI32 out;
  for (std::int32_t& lane : out.lane) lane = n;
  return out;
}
inline Vec to_float(VecI32 n) {
  return map([&](std::size_t lane) { return static_cast<float>(n.lane[lane]); });
}

inline void pair_sums(const std::int16_t (&sums)[16], int factor, std::int32_t* out) {
  for (std::size_t g = 0; g < 8; ++g) out[g] = (sums[2 * g] + sums[2 * g + 1]) * factor;
}

template <class Type>
constexpr int zero_point(Type) {
  return Type::zero_point;
}

/// The sum of one group.
template <class Type>
class DotSum {
 public:
  void start(std::int32_t correction) { sum_ = broadcast_i32(correction); }
  void add(std::size_t, const VecI8& w, const VecI8& x) {
    for (std::size_t lane = 0; lane < lanes; ++lane)
      for (std::size_t i = lane * 4; i < lane * 4 + 4; ++i)
        sum_.lane[lane] += static_cast<std::int8_t>(w.at[i]) * static_cast<std::int8_t>(x.at[i]);
  }
  VecI32 value() const { return sum_; }

 private:
  VecI32 sum_;
};
