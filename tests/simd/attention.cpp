// SPDX-License-Identifier: MIT
#include "detail/core/dequantise.hpp"
#include "detail/core/float_environment.hpp"
#include "detail/simd/kernel_table.hpp"
#include "detail/simd/kernels.hpp"
#include "support/every_isa.hpp"
#include "support/quantise.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

using moe::DType;
using moe::detail::simd::Isa;
using moe::detail::simd::key_lanes;
using moe::detail::simd::kv_block;

namespace {

/// interleaved: attend_f32 and attend_f16. latent: attend_latent_f32 and attend_latent_f16. q8_0 is always rows.
enum class Layout { interleaved, latent, rows };

struct CacheShape {
  Layout layout;
  DType dtype;
  std::size_t queries, head_dim, value_dim;
};

/// Which tokens are computed, and how the cache is used.
struct CacheUse {
  std::size_t first, tokens, window = 0, ring = 0;
  bool sinks = false;
};

/// A cache of random keys and values, and random queries of each position.
struct CacheCase {
  CacheCase(const CacheShape& shape_, std::size_t positions_)
      : shape(shape_),
        positions(positions_),
        q(random_numbers(positions * shape.queries * shape.head_dim, 1,
                         2 / std::sqrt(static_cast<float>(shape.head_dim)))),
        keys(encode(shape.dtype, random_numbers(positions * shape.head_dim, 2))),
        values(encode(shape.dtype, random_numbers(positions * shape.value_dim, 3))),
        sinks(random_numbers(shape.queries, 4, 2)) {}

  std::size_t bytes_of(std::size_t numbers) const { return moe::detail::bytes_of(shape.dtype, numbers); }

  /// The rows of the positions before `end`, each at its place; other bytes are 0xff, which is NaN.
  std::vector<std::byte> stored(const std::vector<std::byte>& rows, std::size_t dim, std::size_t end,
                                std::size_t ring, bool interleave) const {
    const std::size_t places = ring != 0 ? ring : (positions + kv_block - 1) / kv_block * kv_block;
    std::vector<std::byte> out(places * bytes_of(dim), std::byte{0xff});
    for (std::size_t p = 0; p < end; ++p) {
      const std::size_t place = ring != 0 ? p % ring : p, size = bytes_of(interleave ? 1 : dim);
      for (std::size_t d = 0; d < (interleave ? dim : 1); ++d) {
        const std::size_t at =
            interleave ? (place / key_lanes * dim + d) * key_lanes + place % key_lanes : place;
        std::copy_n(&rows[p * bytes_of(dim) + d * size], size, &out[at * size]);
      }
    }
    return out;
  }

  /// [tokens, queries, value_dim]
  std::vector<float> run(Isa isa, const CacheUse& use, std::size_t query = 0, std::size_t queries = 0) const {
    if (queries == 0) queries = shape.queries;
    const std::size_t end = use.first + use.tokens;
    const std::vector<std::byte> k =
        stored(keys, shape.head_dim, end, use.ring, shape.layout == Layout::interleaved);
    const std::vector<std::byte> v = stored(values, shape.value_dim, end, use.ring, false);
    // Queries and results lie apart from each other, to test the strides.
    const std::size_t query_stride = shape.value_dim + 3, stride = queries * query_stride + 5;
    std::vector<float> out(use.tokens * stride, 12345),
        scratch(moe::detail::simd::attention_scratch(shape.head_dim, shape.value_dim));
    const auto& kernels = moe::detail::simd::kernels_for(isa);
    const auto attend =
        shape.layout == Layout::rows ? kernels.attend_q8_0
        : shape.layout == Layout::latent
            ? shape.dtype == DType::f16 ? kernels.attend_latent_f16 : kernels.attend_latent_f32
        : shape.dtype == DType::f16 ? kernels.attend_f16
                                    : kernels.attend_f32;
    attend({.q = &q[(use.first * shape.queries + query) * shape.head_dim],
            .q_stride = shape.queries * shape.head_dim,
            .out = out.data(),
            .out_stride = stride,
            .out_query_stride = query_stride,
            .tokens = use.tokens,
            .queries = queries,
            .head_dim = shape.head_dim,
            .value_dim = shape.value_dim,
            .keys = k.data(),
            .values = shape.layout == Layout::latent ? nullptr : v.data(),
            .position = use.first,
            .window = use.window,
            .ring = use.ring,
            .sinks = use.sinks ? &sinks[query] : nullptr,
            .scratch = scratch.data()});
    return without_gaps(out, use.tokens, queries, stride, query_stride);
  }

  std::vector<float> without_gaps(const std::vector<float>& out, std::size_t tokens, std::size_t queries,
                                  std::size_t stride, std::size_t query_stride) const {
    std::vector<float> dense;
    for (std::size_t i = 0; i < tokens * stride; ++i) {
      const std::size_t h = i % stride / query_stride, d = i % stride % query_stride;
      if (h < queries && d < shape.value_dim) dense.push_back(out[i]);
      if (h >= queries || d >= shape.value_dim) CHECK(out[i] == 12345);
    }
    return dense;
  }

  /// The definition in double precision, for one token.
  std::vector<double> exact(std::size_t token, std::size_t window, bool with_sinks) const {
    const std::vector<float> k =
        moe::detail::dequantise({keys.data(), shape.dtype, positions * shape.head_dim});
    const std::vector<float> v =
        moe::detail::dequantise({values.data(), shape.dtype, positions * shape.value_dim});
    const bool latent = shape.layout == Layout::latent;
    std::vector<double> out(shape.queries * shape.value_dim);
    const std::size_t begin = window != 0 && token + 1 > window ? token + 1 - window : 0;
    for (std::size_t h = 0; h < shape.queries; ++h) {
      std::vector<double> weights;
      for (std::size_t j = begin; j <= token; ++j) {
        double score = 0;
        for (std::size_t d = 0; d < shape.head_dim; ++d)
          score += double{q[(token * shape.queries + h) * shape.head_dim + d]} * k[j * shape.head_dim + d];
        weights.push_back(score);
      }
      double most = *std::max_element(weights.begin(), weights.end());
      if (with_sinks) most = std::max(most, double{sinks[h]});
      double sum = with_sinks ? std::exp(sinks[h] - most) : 0;
      for (double& weight : weights) sum += weight = std::exp(weight - most);
      for (std::size_t j = begin; j <= token; ++j)
        for (std::size_t d = 0; d < shape.value_dim; ++d)
          out[h * shape.value_dim + d] +=
              weights[j - begin] / sum * (latent ? k[j * shape.head_dim + d] : v[j * shape.value_dim + d]);
    }
    return out;
  }

  CacheShape shape;
  std::size_t positions;
  std::vector<float> q;
  std::vector<std::byte> keys, values;
  std::vector<float> sinks;
};

const std::vector<CacheShape>& cache_shapes() {
  static const std::vector<CacheShape> shapes{
      {Layout::interleaved, DType::f32, 4, 24, 24},   {Layout::interleaved, DType::f16, 3, 17, 33},
      {Layout::interleaved, DType::f16, 9, 33, 7},    {Layout::interleaved, DType::f32, 1, 3, 1},
      {Layout::interleaved, DType::f16, 8, 128, 128}, {Layout::interleaved, DType::f32, 2, 2, 37},
      {Layout::latent, DType::f32, 5, 36, 32},        {Layout::latent, DType::f16, 1, 3, 1},
      {Layout::latent, DType::f16, 16, 72, 64},       {Layout::latent, DType::f16, 35, 33, 17},
      {Layout::rows, DType::q8_0, 1, 32, 32},         {Layout::rows, DType::q8_0, 7, 64, 96},
      {Layout::rows, DType::q8_0, 33, 128, 128},
  };
  return shapes;
}

#define CAPTURE_SHAPE(shape)                 \
  CAPTURE(static_cast<int>((shape).layout)); \
  CAPTURE(moe::detail::name((shape).dtype)); \
  CAPTURE((shape).queries);                  \
  CAPTURE((shape).head_dim)

}  // namespace

TEST_CASE(
    "attention: every layout is the softmax-weighted sum of values within 1e-5, with sinks and "
    "windows") {
  const moe::detail::FloatEnvironment environment;
  for (const Isa isa : every_isa())
    for (const CacheShape& shape : cache_shapes()) {
      CAPTURE(name(isa));
      CAPTURE_SHAPE(shape);
      const CacheCase attention(shape, 140);
      for (const bool sinks : {false, true})
        for (const std::size_t window : {0u, 1u, 5u, 70u})
          for (const std::size_t token : {0u, 1u, 62u, 63u, 64u, 65u, 127u, 139u}) {
            CAPTURE(token);
            CAPTURE(window);
            const std::vector<float> out = attention.run(isa, {token, 1, window, 0, sinks});
            const std::vector<double> exact = attention.exact(token, window, sinks);
            for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(std::abs(out[i] - exact[i]) < 1e-5);
          }
    }
}

TEST_CASE("attention: latent attention of 128 queries of 576 numbers is within 1e-5") {
  const moe::detail::FloatEnvironment environment;
  const CacheCase attention({Layout::latent, DType::f16, 128, 576, 512}, 70);
  const std::vector<double> exact = attention.exact(69, 0, false);
  for (const Isa isa : every_isa()) {
    const std::vector<float> out = attention.run(isa, {69, 1});
    for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(std::abs(out[i] - exact[i]) < 1e-5);
  }
}

TEST_CASE("attention: a token has the same bits in every division of tokens and of queries") {
  for (const Isa isa : every_isa())
    for (const CacheShape& shape : cache_shapes())
      for (const std::size_t window : {0u, 40u}) {
        CAPTURE(name(isa));
        CAPTURE_SHAPE(shape);
        const CacheCase attention(shape, 91);
        const std::vector<float> all = attention.run(isa, {0, 91, window, 0, true});
        std::vector<float> parts(all.size());
        for (std::size_t first = 0; first < 91; first += 7)
          for (std::size_t query = 0; query < shape.queries; query += 5) {
            const std::size_t queries = std::min<std::size_t>(5, shape.queries - query);
            const std::vector<float> part = attention.run(isa, {first, 7, window, 0, true}, query, queries);
            for (std::size_t t = 0; t < 7; ++t)
              std::copy_n(&part[t * queries * shape.value_dim], queries * shape.value_dim,
                          &parts[((first + t) * shape.queries + query) * shape.value_dim]);
          }
        CHECK(parts == all);
      }
}

TEST_CASE("attention: a ring of any size gives the same bits as a cache of all positions") {
  for (const Isa isa : every_isa())
    for (const CacheShape& shape : cache_shapes())
      for (const std::size_t window : {1u, 5u, 64u, 100u}) {
        CAPTURE(name(isa));
        CAPTURE_SHAPE(shape);
        const CacheCase attention(shape, 300);
        for (const std::size_t first : {0u, 50u, 127u, 128u, 250u}) {
          const std::vector<float> all = attention.run(isa, {first, 9, window, 0, true});
          for (const std::size_t ring : {64u, 128u, 192u, 320u}) {
            CAPTURE(ring);
            if (ring >= window + 8) CHECK(attention.run(isa, {first, 9, window, ring, true}) == all);
          }
        }
      }
}

TEST_CASE("attention: scores that differ by hundreds do not overflow") {
  for (const Isa isa : every_isa())
    for (const CacheShape& shape : cache_shapes()) {
      CAPTURE(name(isa));
      CAPTURE_SHAPE(shape);
      CacheCase attention(shape, 130);
      for (float& value : attention.q) value *= 100;
      const std::vector<float> out = attention.run(isa, {129, 1});
      const std::vector<double> exact = attention.exact(129, 0, false);
      for (std::size_t i = 0; i < out.size(); ++i) CHECK(std::abs(out[i] - exact[i]) < 1e-3);
    }
}

TEST_CASE("attention: the sum of weights is rounded after each product and each sum, by every compiler") {
  constexpr std::size_t positions = 2 * kv_block;
  for (const Isa isa : every_isa())
    for (std::uint32_t seed = 0; seed < 50; ++seed) {
      CAPTURE(name(isa));
      CAPTURE(seed);
      // One query of 1, keys of one number: the scores are the keys. The last value is 1, all others are 0: the result is the
      // weight of the last position.
      CacheCase attention({Layout::interleaved, DType::f32, 1, 1, 1}, positions);
      std::vector<float> scores = random_numbers(positions, seed), values(positions);
      scores[positions - 1] = 5;  // the maximum of the second block, and of all
      values[positions - 1] = 1;
      attention.q.assign(positions, 1);
      attention.keys = encode(DType::f32, scores);
      attention.values = encode(DType::f32, values);
      const float out = attention.run(isa, {positions - 1, 1})[0];

      const auto& kernels = moe::detail::simd::kernels_for(isa);
      float most = *std::max_element(scores.begin(), scores.begin() + kv_block);
      const float first_sum = kernels.exponentiate(scores.data(), most, kv_block);
      const float second_sum = kernels.exponentiate(scores.data() + kv_block, 5, kv_block);
      kernels.exponentiate(&most, 5, 1);
      const volatile float product = first_sum * most;
      const volatile float sum = product + second_sum;
      CHECK(out == scores.back() * (1 / sum));
    }
}

TEST_CASE("attention: a sink far above all scores takes all weight, one far below takes none") {
  for (const Isa isa : every_isa())
    for (const CacheShape& shape : cache_shapes()) {
      CacheCase attention(shape, 70);
      const std::vector<float> without = attention.run(isa, {69, 1});
      for (const float low : {-1000.0f, -std::numeric_limits<float>::infinity()}) {
        std::fill(attention.sinks.begin(), attention.sinks.end(), low);
        const std::vector<float> out = attention.run(isa, {69, 1, 0, 0, true});
        for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i] == doctest::Approx(without[i]));
      }
      std::fill(attention.sinks.begin(), attention.sinks.end(), 1000.0f);
      for (const float value : attention.run(isa, {69, 1, 0, 0, true})) CHECK(std::abs(value) < 1e-30f);
    }
}

TEST_CASE("attention: NaN in a query makes its result NaN, and the results of no other query") {
  for (const Isa isa : every_isa())
    for (const CacheShape& shape : cache_shapes()) {
      CAPTURE(name(isa));
      CAPTURE_SHAPE(shape);
      CacheCase attention(shape, 70);
      const std::size_t query = shape.queries / 2;
      attention.q[(69 * shape.queries + query) * shape.head_dim] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> out = attention.run(isa, {69, 1, 0, 0, true});
      for (std::size_t i = 0; i < out.size(); ++i)
        CHECK(std::isnan(out[i]) == (i / shape.value_dim == query));
    }
}
