// SPDX-License-Identifier: MIT
// The float vector of plain C++, the reference for all vec_*.inl. Each vec_*.inl defines
//   Vec, lanes, registers          a vector of `lanes` floats; how many vector registers the CPU has
//   load, store                    `lanes` floats at any address; load(type, p) also converts f16, bf16, int8 and uint8 to
//                                  float; load(E4M3{}, p) gives each number / 256, because the shifted bits of an e4m3 are
//                                  the f16 of this value, except for NaN: see any_nan_e4m3()
//   load_partial, store_partial    the first n numbers only; load_partial sets the other lanes to zero
//   store_i8                       rounded numbers from -127 to 127 as int8
//   broadcast(x), zero()           the same number in all lanes; broadcast_f16 takes it from an f16
//   add, sub, mul, div, min, max   lane by lane
//   fma(a, b, c)                   a · b + c, with one rounding if the instruction set has a fused instruction
//   round, power_of_two            nearest whole number, ties to even; 2^n
//   sum, max_lane                  of all lanes
//   unpack_fp4                     the 32 numbers of a block of mxfp4
// The vector of this file has eight lanes, like a vector of AVX2: eight partial sums are more exact than one, and compilers
// can vectorise eight lanes.

struct Vec {
  float lane[8];
};
inline constexpr std::size_t registers = 16;
inline constexpr std::size_t lanes = 8;

template <class F>
inline Vec map(F f) {
  Vec out;
  for (std::size_t i = 0; i < lanes; ++i) out.lane[i] = f(i);
  return out;
}

inline Vec broadcast(float value) {
  return map([&](std::size_t) { return value; });
}
inline Vec zero() { return broadcast(0); }

inline Vec load(const float* p) {
  return map([&](std::size_t i) { return p[i]; });
}
inline Vec load_partial(const float* p, std::size_t n) {
  return map([&](std::size_t i) { return i < n ? p[i] : 0.0f; });
}
inline void store(float* p, Vec v) {
  for (std::size_t i = 0; i < lanes; ++i) p[i] = v.lane[i];
}
inline void store_partial(float* p, Vec v, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) p[i] = v.lane[i];
}

inline Vec broadcast_f16(const std::byte* p) { return broadcast(moe::detail::load_f16(p)); }

inline float load_one(F32, const std::byte* p) { return moe::detail::load_as<float>(p); }
inline float load_one(F16, const std::byte* p) {
  return moe::detail::f16_to_float(moe::detail::load_as<std::uint16_t>(p));
}
inline float load_one(BF16, const std::byte* p) {
  return moe::detail::bf16_to_float(moe::detail::load_as<std::uint16_t>(p));
}
inline float load_one(I8, const std::byte* p) {
  return static_cast<float>(moe::detail::load_as<std::int8_t>(p));
}
inline float load_one(U8, const std::byte* p) {
  return static_cast<float>(moe::detail::load_as<std::uint8_t>(p));
}
inline float load_one(E4M3, const std::byte* p) {
  return moe::detail::e4m3_values[std::to_integer<std::size_t>(*p)] * 0x1p-8f;
}
template <class Type>
inline Vec load(Type type, const std::byte* p) {
  return map([&](std::size_t i) { return load_one(type, p + i * Type::bytes); });
}
template <class Type>
inline Vec load_partial(Type type, const std::byte* p, std::size_t n) {
  return map([&](std::size_t i) { return i < n ? load_one(type, p + i * Type::bytes) : 0.0f; });
}

inline void store_partial(F32, std::byte* p, Vec v, std::size_t n) { std::memcpy(p, v.lane, n * 4); }
inline void store_partial(F16, std::byte* p, Vec v, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint16_t half = moe::detail::float_to_f16(v.lane[i]);
    std::memcpy(p + 2 * i, &half, 2);
  }
}
inline Vec add(Vec a, Vec b) {
  return map([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
}
inline Vec sub(Vec a, Vec b) {
  return map([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
}
inline Vec mul(Vec a, Vec b) {
  return map([&](std::size_t i) { return a.lane[i] * b.lane[i]; });
}
inline Vec div(Vec a, Vec b) {
  return map([&](std::size_t i) { return a.lane[i] / b.lane[i]; });
}
/// a · b + c. Here with two roundings, unless the compiler fuses the two operations.
inline Vec fma(Vec a, Vec b, Vec c) {
  return map([&](std::size_t i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
}
inline Vec min(Vec a, Vec b) {
  return map([&](std::size_t i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline Vec max(Vec a, Vec b) {
  return map([&](std::size_t i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
}

/// v: whole numbers from -127 to 127. The result for other numbers is unspecified.
inline void store_i8(std::int8_t* p, Vec v) {
  const Vec safe = max(min(v, broadcast(127)), broadcast(-127));
  for (std::size_t i = 0; i < lanes; ++i) p[i] = static_cast<std::int8_t>(safe.lane[i]);
}

/// The nearest whole number, ties to even, for |v| < 2^22.
inline Vec round(Vec v) {
  // Floats near 1.5 · 2^23 are 1 apart, so the addition rounds to a whole number.
  constexpr float shift = 0x1.8p23f;
  return map([&](std::size_t i) { return (v.lane[i] + shift) - shift; });
}
/// 2^n for whole numbers n from -126 to 127.
inline Vec power_of_two(Vec n) {
  // The addition leaves n + 127 in the last bits of a float, as in round(). A conversion of NaN to int would be undefined.
  constexpr float shift = 0x1.8p23f + 127;
  return map([&](std::size_t i) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(n.lane[i] + shift) << 23);
  });
}

/// Whether one of the 32 e4m3 numbers at `p` is NaN. Always false if load(E4M3) of this instruction set keeps NaN.
inline bool any_nan_e4m3(const std::byte*) { return false; }

/// out = the numbers of a block of mxfp4 with this exponent and these 16 bytes.
inline void unpack_fp4(const std::byte* nibbles, std::size_t exponent, Vec (&out)[4]) {
  const float scale = moe::detail::mxfp4_scales[exponent];
  for (std::size_t i = 0; i < 16; ++i) {
    const std::size_t q = std::to_integer<std::size_t>(nibbles[i]);
    out[i / lanes].lane[i % lanes] = moe::detail::fp4_doubled[q & 15] * scale;
    out[2 + i / lanes].lane[i % lanes] = moe::detail::fp4_doubled[q >> 4] * scale;
  }
}

/// A reduction tree by halves: kernels that reduce several vectors at once can follow the same order of summation.
inline float sum(Vec v) {
  const float* a = v.lane;
  return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
}
inline float max_lane(Vec v) {
  float most = v.lane[0];
  for (std::size_t i = 1; i < lanes; ++i) most = most < v.lane[i] ? v.lane[i] : most;
  return most;
}
