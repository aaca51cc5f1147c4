// SPDX-License-Identifier: MIT
// Elementwise kernels: rotary embedding, sums and products, conversions. kernel_table.hpp describes each.
// Compiled once per instruction set.

inline void rope(float* head, const float* cosines, const float* sines, std::size_t half) {
  each_vector(half, [&](auto at) {
    const Vec a = at.of(head), b = at.of(head + half), cosine = at.of(cosines), sine = at.of(sines);
    at.set(head, fma(a, cosine, mul(sub(zero(), b), sine)));
    at.set(head + half, fma(a, sine, mul(b, cosine)));
  });
}

inline void add_scaled(float* x, const float* y, float factor, std::size_t n) {
  const Vec f = broadcast(factor);
  each_vector(n, [&](auto at) { at.set(x, fma(at.of(y), f, at.of(x))); });
}

inline void scale(float* x, float factor, std::size_t n) {
  const Vec f = broadcast(factor);
  each_vector(n, [&](auto at) { at.set(x, mul(at.of(x), f)); });
}

inline void multiply(float* x, const float* y, std::size_t n) {
  each_vector(n, [&](auto at) { at.set(x, mul(at.of(x), at.of(y))); });
}

/// Keeps a NaN of x, because min() and max() return their second operand if it is NaN.
inline void clamp(float* x, float limit, std::size_t n) {
  const Vec most = broadcast(limit), least = broadcast(-limit);
  each_vector(n, [&](auto at) { at.set(x, max(least, min(most, at.of(x)))); });
}

/// The sum of 16 quants as int16. Zero for NaN, or for a sum outside ±2032 (16 · 127): only NaN or infinite input causes these.
inline std::int16_t sum_of_quants(float total) {
  return total >= -2032 && total <= 2032 ? static_cast<std::int16_t>(total) : std::int16_t{0};
}

inline void quantise(const float* x, std::int8_t* quants, float* scales, std::int16_t* sums, std::size_t n) {
  for (std::size_t block = 0; block < n / 32; ++block) {
    const float* from = x + block * 32;
    Vec magnitudes = zero();
    for (std::size_t i = 0; i < 32; i += lanes) {
      const Vec v = load(from + i);
      magnitudes = max(magnitudes, max(v, sub(zero(), v)));
    }
    const float magnitude = max_lane(magnitudes);
    // For magnitudes below 2^-121 the quotient overflows. Blocks up to a magnitude of 2^-100 become zeros.
    const Vec to_quants = broadcast(magnitude > 0x1p-100f ? 127.0f / magnitude : 0.0f);
    float sum_of_block = 0;
    for (std::size_t half = 0; half < 32; half += 16) {
      Vec total = zero();
      for (std::size_t i = half; i < half + 16; i += lanes) {
        const Vec whole = round(mul(load(from + i), to_quants));
        store_i8(quants + block * 32 + i, whole);
        total = add(total, whole);
      }
      const float sum_of_half = sum(total);
      sums[block * 2 + half / 16] = sum_of_quants(sum_of_half);
      sum_of_block += sum_of_half;
    }
    // Integers cannot hold infinity or NaN. Both make the sum NaN, and a scale of NaN makes all products NaN.
    scales[block] = magnitude / 127.0f + 0.0f * sum_of_block;
  }
}

/// v clamped to the range of f16; NaN for infinity and NaN.
inline Vec clamped_to_f16(Vec v) {
  const Vec largest = broadcast(65504), smallest = broadcast(-65504);
  return fma(v, zero(), max(min(v, largest), smallest));  // 0 · v is 0, or NaN if v is infinite or NaN
}

inline void to_f16(const float* x, std::byte* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store_partial(F16{}, out + 2 * i, clamped_to_f16(load(x + i)), lanes);
  if (i < n) store_partial(F16{}, out + 2 * i, clamped_to_f16(load_partial(x + i, n - i)), n - i);
}
