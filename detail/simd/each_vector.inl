// SPDX-License-Identifier: MIT
// The loop of elementwise kernels. Compiled once per instruction set.
//
// Each product that is added to something is exact, or is written as fma(), or is rounded() first. Compilers differ in which
// products they fuse on their own, and the results must not differ.

/// The numbers [i, i + lanes) of an array.
struct WholeVector {
  std::size_t i;
  Vec of(const float* x) const { return load(x + i); }
  void set(float* x, Vec v) const { store(x + i, v); }
};

/// The last n numbers of an array, [i, i + n), which are fewer than `lanes`. The other lanes are zero.
struct LastVector {
  std::size_t i, n;
  Vec of(const float* x) const { return load_partial(x + i, n); }
  void set(float* x, Vec v) const { store_partial(x + i, v, n); }
};

/// Calls f with each vector of arrays of n numbers, in order.
template <class F>
inline void each_vector(std::size_t n, F f) {
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) f(WholeVector{i});
  if (i < n) f(LastVector{i, n - i});
}
