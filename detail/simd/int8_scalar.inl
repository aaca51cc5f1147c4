// Products of quantised rows with quantised activations, a block of 32 at a time, for as many rows as a Vec
// has lanes. The reference for the other int8_*.inl. Each defines
//   Packed        the integers of one block of `packed_rows` rows
//   Input         one block of activations, ready to be multiplied with that type
//   Partials      int32 sums of `packed_rows` rows, in parts
//   row_of(g, i)  which row of the lanes is the i-th row of group g
//   unpack, prepare, dot, row_sums; all sums are exact

using Packed = std::array<std::int8_t, 32>;
using Partials = std::int32_t;
inline constexpr std::size_t packed_rows = 1;
inline constexpr std::size_t groups = lanes;

constexpr std::size_t row_of(std::size_t group, std::size_t) { return group; }

struct Input {
  std::array<std::int8_t, 32> quants;
};

inline Packed unpack(Q8_0, const std::byte* const* block) {
  Packed out;
  std::memcpy(out.data(), block[0] + 2, 32);
  return out;
}
inline Packed unpack(Q4_0, const std::byte* const* block) {
  Packed out;
  for (std::size_t i = 0; i < 16; ++i) {
    const int byte = std::to_integer<int>(block[0][2 + i]);
    out[i] = static_cast<std::int8_t>((byte & 15) - 8);
    out[i + 16] = static_cast<std::int8_t>((byte >> 4) - 8);
  }
  return out;
}

template <class Type>
inline Input prepare(Type, const std::int8_t* quants) {
  Input out;
  std::memcpy(out.quants.data(), quants, 32);
  return out;
}

template <class Type>
inline Partials dot(Type, const Packed& weights, const Input& x) {
  std::int32_t total = 0;
  for (std::size_t i = 0; i < 32; ++i) total += weights[i] * x.quants[i];
  return total;
}

inline Vec row_sums(const Partials (&partials)[groups]) {
  return map([&](std::size_t i) { return static_cast<float>(partials[i]); });
}

/// The scales at the front of each row's block.
inline Vec block_scales(const std::byte* const* blocks) {
  return map([&](std::size_t i) { return load_one(F16{}, blocks[i]); });
}
