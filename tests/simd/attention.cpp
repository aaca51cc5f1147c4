// SPDX-License-Identifier: MIT
#include "detail/simd/kernel_table.hpp"
#include "detail/simd/kernels.hpp"
#include "support/quantise.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

using moe::DType;
using moe::detail::simd::AttentionArgs;

namespace {

struct AttentionCase {
  AttentionCase(DType type, std::size_t queries_, std::size_t head_dim_, std::size_t positions_)
      : dtype(type),
        queries(queries_),
        head_dim(head_dim_),
        positions(positions_),
        q(random_numbers(positions * queries * head_dim, 1)),
        k(random_numbers(positions * head_dim, 2)),
        v(random_numbers(positions * head_dim, 3)),
        keys(interleave(encode(type, k))),
        values(encode(type, v)) {}

  /// [positions, head_dim] to [positions / key_lanes, head_dim, key_lanes]; lanes after the last position become NaN.
  std::vector<std::byte> interleave(const std::vector<std::byte>& rows) const {
    constexpr std::size_t lanes = moe::detail::simd::key_lanes;
    const std::size_t size = moe::detail::bytes_of(dtype, 1);
    std::vector<std::byte> out((positions + lanes - 1) / lanes * lanes * head_dim * size, std::byte{0xff});
    for (std::size_t j = 0; j < positions; ++j)
      for (std::size_t d = 0; d < head_dim; ++d)
        std::copy_n(&rows[(j * head_dim + d) * size], size,
                    &out[((j / lanes * head_dim + d) * lanes + j % lanes) * size]);
    return out;
  }

  /// The kernel's result for the tokens [first, first + tokens).
  std::vector<float> run(std::size_t first, std::size_t tokens, std::size_t window) const {
    std::vector<float> out(tokens * queries * head_dim, 1e30f),
        scratch(moe::detail::simd::attention_scratch(head_dim));
    const AttentionArgs args{.q = q.data() + first * queries * head_dim,
                             .q_stride = queries * head_dim,
                             .out = out.data(),
                             .out_stride = queries * head_dim,
                             .out_query_stride = head_dim,
                             .tokens = tokens,
                             .queries = queries,
                             .head_dim = head_dim,
                             .value_dim = head_dim,
                             .keys = keys.data(),
                             .values = values.data(),
                             .position = first,
                             .window = window,
                             .scratch = scratch.data()};
    const auto& kernels = moe::detail::simd::kernels();
    (dtype == DType::f16 ? kernels.attend_f16 : kernels.attend_f32)(args);
    return out;
  }

  /// The definition of attention in double precision, for one token.
  std::vector<double> exact(std::size_t token, std::size_t window) const {
    std::vector<double> out(queries * head_dim);
    const std::size_t begin = window != 0 && token + 1 > window ? token + 1 - window : 0;
    for (std::size_t h = 0; h < queries; ++h) {
      std::vector<double> weights;
      for (std::size_t j = begin; j <= token; ++j) {
        double score = 0;
        for (std::size_t d = 0; d < head_dim; ++d)
          score += double{q[(token * queries + h) * head_dim + d]} * stored(k, j * head_dim + d);
        weights.push_back(score);
      }
      const double most = *std::max_element(weights.begin(), weights.end());
      double sum = 0;
      for (double& weight : weights) sum += weight = std::exp(weight - most);
      for (std::size_t j = begin; j <= token; ++j)
        for (std::size_t d = 0; d < head_dim; ++d)
          out[h * head_dim + d] += weights[j - begin] / sum * stored(v, j * head_dim + d);
    }
    return out;
  }

  double stored(const std::vector<float>& x, std::size_t i) const {
    return dtype == DType::f16 ? moe::detail::f16_to_float(moe::detail::float_to_f16(x[i])) : x[i];
  }

  DType dtype;
  std::size_t queries, head_dim, positions;
  std::vector<float> q, k, v;
  std::vector<std::byte> keys, values;
};

}  // namespace

TEST_CASE("attention: the result is the softmax-weighted sum of the visible values") {
  for (const DType dtype : {DType::f32, DType::f16})
    for (const std::size_t queries : {1u, 3u, 4u, 8u})
      for (const std::size_t head_dim : {2u, 8u, 24u, 37u, 128u})
        for (const std::size_t window : {0u, 1u, 5u, 70u}) {
          const AttentionCase attention(dtype, queries, head_dim, 150);
          for (const std::size_t token : {0u, 1u, 62u, 63u, 64u, 65u, 127u, 149u}) {
            CAPTURE(token);
            CAPTURE(window);
            const std::vector<float> out = attention.run(token, 1, window);
            const std::vector<double> exact = attention.exact(token, window);
            for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(std::abs(out[i] - exact[i]) < 1e-5);
          }
        }
}

TEST_CASE("attention: a token has the same bits in every division of the prompt into chunks") {
  for (const DType dtype : {DType::f32, DType::f16})
    for (const std::size_t window : {0u, 40u}) {
      const AttentionCase attention(dtype, 4, 24, 140);
      const std::vector<float> all = attention.run(0, 140, window);
      std::vector<float> parts;
      for (std::size_t first = 0; first < 140; first += 7)
        for (const float value : attention.run(first, 7, window)) parts.push_back(value);
      CHECK(parts == all);
    }
}

TEST_CASE("attention: scores that differ by hundreds do not overflow") {
  AttentionCase attention(DType::f32, 1, 8, 130);
  for (float& value : attention.q) value *= 100;
  const std::vector<float> out = attention.run(129, 1, 0);
  const std::vector<double> exact = attention.exact(129, 0);
  for (std::size_t i = 0; i < out.size(); ++i) CHECK(std::abs(out[i] - exact[i]) < 1e-3);
}
