// SPDX-License-Identifier: MIT
#include "detail/core/float_environment.hpp"
#include "detail/simd/kernel_table.hpp"
#include "detail/simd/kernels.hpp"
#include "support/every_isa.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using moe::detail::simd::DeltaStepArgs;
using moe::detail::simd::Isa;
using moe::detail::simd::MambaStepArgs;

namespace {

/// Some tokens of a head of a gated delta net, from a random state.
struct DeltaCase {
  DeltaCase(std::size_t key_dim_, std::size_t value_dim_)
      : key_dim(key_dim_),
        value_dim(value_dim_),
        q(random_numbers(tokens * key_dim, 1, 0.3f)),
        k(random_numbers(tokens * key_dim, 2, 0.3f)),
        v(random_numbers(tokens * value_dim, 3)),
        state(random_numbers(key_dim * value_dim, 4)) {}

  /// The outputs of all tokens, then the state, computed in pieces of `columns` columns.
  std::vector<float> run(Isa isa, std::size_t columns) const {
    std::vector<float> out(tokens * value_dim, 1e30f), s = state;
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t first = 0; first < value_dim; first += columns)
        moe::detail::simd::kernels_for(isa).delta_step(
            {.q = &q[t * key_dim],
             .k = &k[t * key_dim],
             .v = &v[t * value_dim + first],
             .decay = decay(t),
             .beta = beta(t),
             .state = &s[first],
             .key_dim = key_dim,
             .value_dim = value_dim,
             .columns = value_dim - first < columns ? value_dim - first : columns,
             .out = &out[t * value_dim + first]});
    out.insert(out.end(), s.begin(), s.end());
    return out;
  }

  std::vector<double> exact() const {
    std::vector<double> out, s(state.begin(), state.end());
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t c = 0; c < value_dim; ++c) {
        double known = 0, sum = 0;
        for (std::size_t i = 0; i < key_dim; ++i)
          known += (s[i * value_dim + c] *= decay(t)) * k[t * key_dim + i];
        const double d = beta(t) * (v[t * value_dim + c] - known);
        for (std::size_t i = 0; i < key_dim; ++i)
          sum += (s[i * value_dim + c] += k[t * key_dim + i] * d) * q[t * key_dim + i];
        out.push_back(sum);
      }
    out.insert(out.end(), s.begin(), s.end());
    return out;
  }

  static float decay(std::size_t t) { return t == 2 ? 0 : 1 - 0.25f * static_cast<float>(t); }
  static float beta(std::size_t t) { return 0.3f + 0.2f * static_cast<float>(t); }

  static constexpr std::size_t tokens = 3;
  std::size_t key_dim, value_dim;
  std::vector<float> q, k, v, state;
};

/// Some tokens of a head of a Mamba-2 mixer, from a random state.
struct MambaCase {
  MambaCase(std::size_t head_dim_, std::size_t state_dim_)
      : head_dim(head_dim_),
        state_dim(state_dim_),
        x(random_numbers(tokens * head_dim, 1)),
        b(random_numbers(tokens * state_dim, 2, 0.5f)),
        c(random_numbers(tokens * state_dim, 3, 0.5f)),
        state(random_numbers(state_dim * head_dim, 4)) {}

  std::vector<float> run(Isa isa) const {
    std::vector<float> out(tokens * head_dim, 1e30f), s = state;
    for (std::size_t t = 0; t < tokens; ++t)
      moe::detail::simd::kernels_for(isa).mamba_step({.x = &x[t * head_dim],
                                                      .b = &b[t * state_dim],
                                                      .c = &c[t * state_dim],
                                                      .decay = DeltaCase::decay(t),
                                                      .step = DeltaCase::beta(t),
                                                      .skip = 0.7f,
                                                      .state = s.data(),
                                                      .head_dim = head_dim,
                                                      .state_dim = state_dim,
                                                      .out = &out[t * head_dim]});
    out.insert(out.end(), s.begin(), s.end());
    return out;
  }

  std::vector<double> exact() const {
    std::vector<double> out, s(state.begin(), state.end());
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t p = 0; p < head_dim; ++p) {
        const double input = x[t * head_dim + p];
        double sum = double{0.7f} * input;
        for (std::size_t n = 0; n < state_dim; ++n) {
          double& at = s[n * head_dim + p];
          at = DeltaCase::decay(t) * at + DeltaCase::beta(t) * input * b[t * state_dim + n];
          sum += at * c[t * state_dim + n];
        }
        out.push_back(sum);
      }
    out.insert(out.end(), s.begin(), s.end());
    return out;
  }

  static constexpr std::size_t tokens = 3;
  std::size_t head_dim, state_dim;
  std::vector<float> x, b, c, state;
};

}  // namespace

TEST_CASE("recurrent: delta_step is the gated delta rule within 1e-5, for every size") {
  const moe::detail::FloatEnvironment environment;
  for (const Isa isa : every_isa())
    for (const std::size_t key_dim : {1u, 3u, 33u, 128u})
      for (const std::size_t value_dim : {1u, 3u, 7u, 17u, 33u, 64u, 100u, 128u}) {
        CAPTURE(name(isa));
        CAPTURE(key_dim);
        CAPTURE(value_dim);
        const DeltaCase delta(key_dim, value_dim);
        const std::vector<float> out = delta.run(isa, value_dim);
        const std::vector<double> exact = delta.exact();
        for (std::size_t i = 0; i < out.size(); ++i)
          REQUIRE(std::abs(out[i] - exact[i]) < 1e-5 * (1 + std::abs(exact[i])));
      }
}

TEST_CASE("recurrent: delta_step has the same bits for every division of the columns") {
  for (const Isa isa : every_isa()) {
    CAPTURE(name(isa));
    const DeltaCase delta(40, 131);
    const std::vector<float> all = delta.run(isa, 131);
    for (const std::size_t columns : {1u, 3u, 7u, 16u, 17u, 64u, 100u, 130u})
      CHECK(delta.run(isa, columns) == all);
  }
}

TEST_CASE("recurrent: mamba_step is the recurrence of Mamba-2 within 1e-5, for every size") {
  const moe::detail::FloatEnvironment environment;
  for (const Isa isa : every_isa())
    for (const std::size_t head_dim : {1u, 3u, 7u, 17u, 33u, 64u, 80u})
      for (const std::size_t state_dim : {1u, 3u, 16u, 128u}) {
        CAPTURE(name(isa));
        CAPTURE(head_dim);
        CAPTURE(state_dim);
        const MambaCase mamba(head_dim, state_dim);
        const std::vector<float> out = mamba.run(isa);
        const std::vector<double> exact = mamba.exact();
        for (std::size_t i = 0; i < out.size(); ++i)
          REQUIRE(std::abs(out[i] - exact[i]) < 1e-5 * (1 + std::abs(exact[i])));
      }
}

TEST_CASE("recurrent: NaN stays in its column of the state") {
  for (const Isa isa : every_isa())
    for (const std::size_t column : {0u, 5u, 32u}) {
      DeltaCase delta(8, 33);
      delta.v[column] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> out = delta.run(isa, 33);
      MambaCase mamba(33, 8);
      mamba.x[column] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> other = mamba.run(isa);
      for (std::size_t i = 0; i < out.size(); ++i) CHECK(std::isnan(out[i]) == (i % 33 == column));
      for (std::size_t i = 0; i < other.size(); ++i) CHECK(std::isnan(other[i]) == (i % 33 == column));
    }
}

TEST_CASE("recurrent: convolve is the sum of taps and rows within 1e-6, oldest row first") {
  const moe::detail::FloatEnvironment environment;
  for (const Isa isa : every_isa())
    for (const std::size_t channels : {1u, 3u, 7u, 17u, 33u, 100u})
      for (const std::size_t kernel : {1u, 3u, 4u})
        for (const bool with_bias : {false, true}) {
          CAPTURE(name(isa));
          CAPTURE(channels);
          const std::vector<float> taps = random_numbers(kernel * channels, 1),
                                   bias = random_numbers(channels, 2);
          const std::vector<float> inputs = random_numbers(kernel * channels, 3);
          std::vector<const float*> rows;
          for (std::size_t j = 0; j < kernel; ++j) rows.push_back(&inputs[(kernel - 1 - j) * channels]);
          std::vector<float> out(channels + 1, 12345);
          moe::detail::simd::kernels_for(isa).convolve(
              rows.data(), taps.data(), with_bias ? bias.data() : nullptr, kernel, out.data(), channels);
          for (std::size_t c = 0; c < channels; ++c) {
            double exact = with_bias ? bias[c] : 0;
            for (std::size_t j = 0; j < kernel; ++j) exact += double{taps[j * channels + c]} * rows[j][c];
            REQUIRE(std::abs(out[c] - exact) < 1e-6 * (1 + std::abs(exact)));
          }
          CHECK(out.back() == 12345);
        }
}
