// Everything between the matrix products. Compiled once per instruction set.
//
// Products that are added to something are written as fma(): left to compilers, some would fuse them and some not.

/// e^v, relative error below 2e-7; v is taken as at least -87 and at most 88, so the result is normal and finite.
inline Vec exp(Vec v) {
  v = max(min(v, set(88.0f)), set(-87.0f));
  const Vec n = round(mul(v, set(1.44269504f)));  // log2(e)
  // ln 2 in two parts, the first of which has few digits, so that n times it is exact.
  Vec r = fma(n, set(-0.693359375f), v);
  r = fma(n, set(2.12194440e-4f), r);
  // e^r for |r| <= ln(2)/2, Taylor's series to r^7.
  Vec p = set(1.0f / 5040);
  p = fma(p, r, set(1.0f / 720));
  p = fma(p, r, set(1.0f / 120));
  p = fma(p, r, set(1.0f / 24));
  p = fma(p, r, set(1.0f / 6));
  p = fma(p, r, set(0.5f));
  p = fma(p, r, set(1.0f));
  p = fma(p, r, set(1.0f));
  return mul(p, power_of_two(n));
}

inline void rms_norm(const float* x, const float* weight, float eps, float* out, std::size_t n) {
  Vec squares = zero();
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) squares = fma(load(x + i), load(x + i), squares);
  if (i < n) squares = fma(load_some(x + i, n - i), load_some(x + i, n - i), squares);
  const Vec scale = set(1.0f / std::sqrt(sum(squares) / static_cast<float>(n) + eps));
  for (i = 0; i + lanes <= n; i += lanes) store(out + i, mul(mul(load(x + i), scale), load(weight + i)));
  if (i < n)
    store_some(out + i, mul(mul(load_some(x + i, n - i), scale), load_some(weight + i, n - i)), n - i);
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
    const Vec a = load_some(head + i, n), b = load_some(head + half + i, n);
    const Vec cosine = load_some(cosines + i, n), sine = load_some(sines + i, n);
    store_some(head + i, rotated_first(a, b, cosine, sine), n);
    store_some(head + half + i, rotated_second(a, b, cosine, sine), n);
  }
}

inline Vec gated(Vec gate, Vec up) { return mul(div(gate, add(set(1), exp(sub(zero(), gate)))), up); }

inline void silu_mul(float* gate, const float* up, std::size_t n) {
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store(gate + i, gated(load(gate + i), load(up + i)));
  if (i < n) store_some(gate + i, gated(load_some(gate + i, n - i), load_some(up + i, n - i)), n - i);
}

inline void add_scaled(float* x, const float* y, float factor, std::size_t n) {
  const Vec f = set(factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store(x + i, fma(load(y + i), f, load(x + i)));
  if (i < n) store_some(x + i, fma(load_some(y + i, n - i), f, load_some(x + i, n - i)), n - i);
}

inline void scale(float* x, float factor, std::size_t n) {
  const Vec f = set(factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store(x + i, mul(load(x + i), f));
  if (i < n) store_some(x + i, mul(load_some(x + i, n - i), f), n - i);
}

/// A sum of whole numbers; zero if they were none.
inline std::int16_t sum_of_quants(Vec quants) {
  const float total = sum(quants);
  return total >= -2032 && total <= 2032 ? static_cast<std::int16_t>(total) : std::int16_t{0};
}

inline void quantise(const float* x, std::int8_t* quants, float* scales, std::int16_t* sums, std::size_t n) {
  for (std::size_t block = 0; block < n / 32; ++block) {
    const float* from = x + block * 32;
    Vec most = zero();
    for (std::size_t i = 0; i < 32; i += lanes) {
      const Vec v = load(from + i);
      most = max(most, max(v, sub(zero(), v)));
    }
    const float magnitude = largest(most);
    const Vec to_quants = set(magnitude > 0x1p-100f ? 127.0f / magnitude : 0.0f);  // 127 / 2^-126 is infinite
    for (std::size_t half = 0; half < 32; half += 16) {
      Vec total = zero();
      for (std::size_t i = half; i < half + 16; i += lanes) {
        const Vec whole = round(mul(load(from + i), to_quants));
        store_i8(quants + block * 32 + i, whole);
        total = add(total, whole);
      }
      sums[block * 2 + half / 16] = sum_of_quants(total);
    }
    scales[block] = magnitude / 127.0f;
  }
}

inline void to_f16(const float* x, std::byte* out, std::size_t n) {
  const Vec most = set(65504);
  const Vec least = set(-65504);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    store_some(F16{}, out + 2 * i, max(min(load(x + i), most), least), lanes);
  if (i < n) store_some(F16{}, out + 2 * i, max(min(load_some(x + i, n - i), most), least), n - i);
}

inline float exponentiate(float* x, float most, std::size_t n) {
  const Vec m = set(most);
  Vec total = zero();
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    store(x + i, exp(sub(load(x + i), m)));
    total = add(total, load(x + i));
  }
  if (i < n) {
    store_some(x + i, exp(sub(load_some(x + i, n - i), m)), n - i);
    total = add(total, load_some(x + i, n - i));
  }
  return sum(total);
}
