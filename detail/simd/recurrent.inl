// SPDX-License-Identifier: MIT
// Steps of recurrent mixers: short convolutions, the gated delta rule, Mamba-2. kernel_table.hpp describes each.
// Compiled once per instruction set.
//
// The lanes of vectors lie along the dimension that the recurrence does not mix. So no sum crosses lanes, and the bits of a
// number do not depend on its lane.

inline void convolve(const float* const* rows, const float* taps, const float* bias, std::size_t kernel,
                     float* out, std::size_t channels) {
  each_vector(channels, [&](auto at) {
    Vec total = bias ? at.of(bias) : zero();
    for (std::size_t j = 0; j < kernel; ++j) total = fma(at.of(taps + j * channels), at.of(rows[j]), total);
    at.set(out, total);
  });
}

/// Vectors of columns that are computed together; each has a chain of additions of its own.
inline constexpr std::size_t state_vectors = 4;

/// Calls group(at) for each group of state_vectors vectors, then single(at) for each vector that is left.
template <class Group, class Single>
inline void each_column(std::size_t n, Group group, Single single) {
  std::size_t i = 0;
  for (; i + state_vectors * lanes <= n; i += state_vectors * lanes) group(WholeVector{i});
  each_vector(n - i, [&](auto at) {
    at.i += i;
    single(at);
  });
}

/// delta_step() for the columns of `Vectors` vectors, of which `at` is the first.
template <std::size_t Vectors, class At>
inline void delta_columns(const DeltaStepArgs& a, At at) {
  const Vec decay = broadcast(a.decay);
  Vec d[Vectors], total[Vectors];
  MOE_UNROLL
  for (std::size_t v = 0; v < Vectors; ++v) d[v] = total[v] = zero();
  for (std::size_t i = 0; i < a.key_dim; ++i) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
      d[v] = fma(at.of(a.state + i * a.value_dim + v * lanes), broadcast(a.k[i]), d[v]);
  }
  MOE_UNROLL
  for (std::size_t v = 0; v < Vectors; ++v)
    d[v] = mul(broadcast(a.beta), fma(sub(zero(), decay), d[v], at.of(a.v + v * lanes)));
  for (std::size_t i = 0; i < a.key_dim; ++i) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      float* row = a.state + i * a.value_dim + v * lanes;
      const Vec s = fma(broadcast(a.k[i]), d[v], mul(decay, at.of(row)));
      at.set(row, s);
      total[v] = fma(s, broadcast(a.q[i]), total[v]);
    }
  }
  MOE_UNROLL
  for (std::size_t v = 0; v < Vectors; ++v) at.set(a.out + v * lanes, total[v]);
}

inline void delta_step(const DeltaStepArgs& a) {
  each_column(
      a.columns, [&](WholeVector at) { delta_columns<state_vectors>(a, at); },
      [&](auto at) { delta_columns<1>(a, at); });
}

/// mamba_step() for the numbers p of `Vectors` vectors, of which `at` is the first.
template <std::size_t Vectors, class At>
inline void mamba_columns(const MambaStepArgs& a, At at) {
  const Vec decay = broadcast(a.decay);
  Vec input[Vectors], total[Vectors];
  MOE_UNROLL
  for (std::size_t v = 0; v < Vectors; ++v) {
    input[v] = mul(broadcast(a.step), at.of(a.x + v * lanes));
    total[v] = zero();
  }
  for (std::size_t n = 0; n < a.state_dim; ++n) {
    MOE_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      float* row = a.state + n * a.head_dim + v * lanes;
      const Vec s = fma(input[v], broadcast(a.b[n]), mul(decay, at.of(row)));
      at.set(row, s);
      total[v] = fma(s, broadcast(a.c[n]), total[v]);
    }
  }
  MOE_UNROLL
  for (std::size_t v = 0; v < Vectors; ++v)
    at.set(a.out + v * lanes, fma(broadcast(a.skip), at.of(a.x + v * lanes), total[v]));
}

inline void mamba_step(const MambaStepArgs& a) {
  each_column(
      a.head_dim, [&](WholeVector at) { mamba_columns<state_vectors>(a, at); },
      [&](auto at) { mamba_columns<1>(a, at); });
}
