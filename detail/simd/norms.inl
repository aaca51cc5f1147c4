// SPDX-License-Identifier: MIT
// Norms of vectors, and the product of two vectors. kernel_table.hpp describes each. Compiled once per instruction set.

inline float dot(const float* a, const float* b, std::size_t n) {
  Vec total = zero();
  each_vector(n, [&](auto at) { total = fma(at.of(a), at.of(b), total); });
  return sum(total);
}

inline void rms_norm(const float* x, const float* weight, float eps, float* out, std::size_t n) {
  const Vec scale = broadcast(1.0f / std::sqrt(dot(x, x, n) / static_cast<float>(n) + eps));
  each_vector(n, [&](auto at) {
    const Vec normed = mul(at.of(x), scale);
    at.set(out, weight ? mul(normed, at.of(weight)) : normed);
  });
}

inline void layer_norm(const float* x, const float* weight, const float* bias, float eps, float* out,
                       std::size_t n) {
  Vec total = zero();
  each_vector(n, [&](auto at) { total = add(total, at.of(x)); });
  const Vec mean = broadcast(sum(total) / static_cast<float>(n));
  each_vector(n, [&](auto at) { at.set(out, sub(at.of(x), mean)); });
  const Vec scale = broadcast(1.0f / std::sqrt(dot(out, out, n) / static_cast<float>(n) + eps));
  each_vector(n, [&](auto at) { at.set(out, fma(mul(at.of(out), scale), at.of(weight), at.of(bias))); });
}

inline void l2_norm(float* x, float eps, float factor, std::size_t n) {
  const Vec scale = broadcast(factor / std::sqrt(dot(x, x, n) + eps));
  each_vector(n, [&](auto at) { at.set(x, mul(at.of(x), scale)); });
}
