// SPDX-License-Identifier: MIT
// The exponential function and the kernels of activation functions, compiled once per instruction set. kernel_table.hpp
// describes each kernel.

/// e^v for v clamped to [-87, 88], so the result is finite and not denormal. Relative error below 2e-7; NaN for NaN.
/// Range reduction: n = round(v / ln 2), r = v - n · ln 2, e^v = 2^n · e^r.
inline Vec exp(Vec v) {
  // min() and max() return NaN for certain only if the second operand is NaN, so v is the second operand here.
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

/// v · sigmoid(z); NaN if v or z is NaN. Precondition: z is below -88 wherever v is below -100.
/// exp() is at most e^88, so the sigmoid is never smaller than e^-88. A v below -100 counts as -100, so that the product is
/// nearly zero also for very negative v.
inline Vec times_sigmoid(Vec v, Vec z) {
  return div(max(broadcast(-100), v), add(broadcast(1), exp(sub(zero(), z))));
}

inline void silu(float* x, std::size_t n) {
  each_vector(n, [&](auto at) { at.set(x, times_sigmoid(at.of(x), at.of(x))); });
}

inline void silu_mul(float* gate, const float* up, std::size_t n) {
  each_vector(n, [&](auto at) {
    const Vec g = at.of(gate);
    at.set(gate, mul(times_sigmoid(g, g), at.of(up)));
  });
}

inline void clamped_silu_mul(float* gate, const float* up, float limit, std::size_t n) {
  const Vec most = broadcast(limit), least = broadcast(-limit);
  each_vector(n, [&](auto at) {
    const Vec g = min(most, at.of(gate)), u = max(least, min(most, at.of(up)));
    at.set(gate, mul(times_sigmoid(g, mul(g, broadcast(1.702f))), add(u, broadcast(1))));
  });
}

/// gelu(z) = z / 2 · (1 + tanh(u)) = z · sigmoid(2 · u), with u = sqrt(2 / π) · (z + 0.044715 · z³).
inline void gelu_mul(float* gate, const float* up, std::size_t n) {
  // 2 · sqrt(2 / π), and 0.044715 times this number.
  const Vec linear = broadcast(1.59576912f), cubic = broadcast(0.0713548163f);
  each_vector(n, [&](auto at) {
    const Vec z = at.of(gate);
    const Vec doubled = mul(z, fma(mul(z, z), cubic, linear));
    at.set(gate, mul(times_sigmoid(z, doubled), at.of(up)));
  });
}

inline void relu_squared(float* x, std::size_t n) {
  each_vector(n, [&](auto at) {
    const Vec positive = max(zero(), at.of(x));
    at.set(x, mul(positive, positive));
  });
}

inline void sigmoid_mul(float* x, const float* gate, std::size_t n) {
  each_vector(n,
              [&](auto at) { at.set(x, div(at.of(x), add(broadcast(1), exp(sub(zero(), at.of(gate)))))); });
}

inline float exponentiate(float* x, float maximum, std::size_t n) {
  const Vec m = broadcast(maximum);
  Vec total = zero();
  each_vector(n, [&](auto at) {
    at.set(x, exp(sub(at.of(x), m)));
    total = add(total, at.of(x));
  });
  return sum(total);
}
