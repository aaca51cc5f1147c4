// Elementwise kernels: norms, rotary embedding, activation functions, conversions. kernel_table.hpp describes each.
// Compiled once per instruction set.
//
// Each product that is added to something is written as fma(). Compilers differ in which products they fuse on their own,
// and the results must not differ.

/// e^v with a relative error below 2e-7; NaN for NaN. v is clamped to [-87, 88], so the result is finite and not denormal.
/// Range reduction: n = round(v / ln 2), r = v - n · ln 2, e^v = 2^n · e^r.
inline Vec exp(Vec v) {
  // Of a NaN and a number, min() and max() return the second operand, so v is the second operand here.
  v = max(broadcast(-87.0f), min(broadcast(88.0f), v));
  const Vec n = round(mul(v, broadcast(1.44269504f)));  // log2(e)
  // ln 2 in two parts (Cody-Waite): the first has so few bits that its product with n is exact.
  Vec r = fma(n, broadcast(-0.693359375f), v);
  r = fma(n, broadcast(2.12194440e-4f), r);
  // Taylor polynomial of e^r to r^7, for |r| <= ln(2) / 2.
  Vec p = broadcast(1.0f / 5040);
  p = fma(p, r, broadcast(1.0f / 720));
  p = fma(p, r, broadcast(1.0f / 120));
  p = fma(p, r, broadcast(1.0f / 24));
  p = fma(p, r, broadcast(1.0f / 6));
  p = fma(p, r, broadcast(0.5f));
  p = fma(p, r, broadcast(1.0f));
  p = fma(p, r, broadcast(1.0f));
  return mul(p, power_of_two(n));
}

inline void rms_norm(const float* x, const float* weight, float eps, float* out, std::size_t n) {
  Vec squares = zero();
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) squares = fma(load(x + i), load(x + i), squares);
  if (i < n) squares = fma(load_partial(x + i, n - i), load_partial(x + i, n - i), squares);
  const Vec scale = broadcast(1.0f / std::sqrt(sum(squares) / static_cast<float>(n) + eps));
  for (i = 0; i + lanes <= n; i += lanes) store(out + i, mul(mul(load(x + i), scale), load(weight + i)));
  if (i < n)
    store_partial(out + i, mul(mul(load_partial(x + i, n - i), scale), load_partial(weight + i, n - i)),
                  n - i);
}

inline Vec rotated_first(Vec a, Vec b, Vec cosine, Vec sine) {
  return fma(a, cosine, mul(sub(zero(), b), sine));
}
inline Vec rotated_second(Vec a, Vec b, Vec cosine, Vec sine) { return fma(a, sine, mul(b, cosine)); }

inline void rope(float* head, const float* cosines, const float* sines, std::size_t half) {
  std::size_t i = 0;
  for (; i + lanes <= half; i += lanes) {
    const Vec a = load(head + i), b = load(head + half + i), cosine = load(cosines + i),
              sine = load(sines + i);
    store(head + i, rotated_first(a, b, cosine, sine));
    store(head + half + i, rotated_second(a, b, cosine, sine));
  }
  if (i < half) {
    const std::size_t n = half - i;
    const Vec a = load_partial(head + i, n), b = load_partial(head + half + i, n);
    const Vec cosine = load_partial(cosines + i, n), sine = load_partial(sines + i, n);
    store_partial(head + i, rotated_first(a, b, cosine, sine), n);
    store_partial(head + half + i, rotated_second(a, b, cosine, sine), n);
  }
}

inline Vec gated(Vec gate, Vec up) { return mul(div(gate, add(broadcast(1), exp(sub(zero(), gate)))), up); }

inline void silu_mul(float* gate, const float* up, std::size_t n) {
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store(gate + i, gated(load(gate + i), load(up + i)));
  if (i < n)
    store_partial(gate + i, gated(load_partial(gate + i, n - i), load_partial(up + i, n - i)), n - i);
}

inline void add_scaled(float* x, const float* y, float factor, std::size_t n) {
  const Vec f = broadcast(factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store(x + i, fma(load(y + i), f, load(x + i)));
  if (i < n) store_partial(x + i, fma(load_partial(y + i, n - i), f, load_partial(x + i, n - i)), n - i);
}

inline void scale(float* x, float factor, std::size_t n) {
  const Vec f = broadcast(factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store(x + i, mul(load(x + i), f));
  if (i < n) store_partial(x + i, mul(load_partial(x + i, n - i), f), n - i);
}

/// The sum of 16 quants as int16. Zero if it is out of their range (16 · 127 = 2032), which only NaN input causes.
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
    // Below 2^-121 the quotient overflows; a block this small becomes zeros.
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

inline float exponentiate(float* x, float maximum, std::size_t n) {
  const Vec m = broadcast(maximum);
  Vec total = zero();
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    store(x + i, exp(sub(load(x + i), m)));
    total = add(total, load(x + i));
  }
  if (i < n) {
    store_partial(x + i, exp(sub(load_partial(x + i, n - i), m)), n - i);
    total = add(total, load_partial(x + i, n - i));
  }
  return sum(total);
}
