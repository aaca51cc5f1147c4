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

using moe::detail::simd::Isa;
using moe::detail::simd::Kernels;

namespace {

constexpr std::size_t norm_sizes[] = {1, 2, 3, 7, 8, 16, 17, 33, 72, 257};

double sum_of_squares(const std::vector<float>& x, double mean) {
  double out = 0;
  for (const float value : x) out += (value - mean) * (value - mean);
  return out;
}

}  // namespace

TEST_CASE("norms: rms_norm without weight is rms_norm with weights of 1") {
  for (const Isa isa : every_isa())
    for (const std::size_t n : norm_sizes) {
      CAPTURE(name(isa));
      const Kernels& kernels = moe::detail::simd::kernels_for(isa);
      std::vector<float> x = random_numbers(n, 1, 3), with_weight(n);
      const std::vector<float> ones(n, 1);
      kernels.rms_norm(x.data(), ones.data(), 1e-5f, with_weight.data(), n);
      kernels.rms_norm(x.data(), nullptr, 1e-5f, x.data(), n);
      CHECK(x == with_weight);
      CHECK(sum_of_squares(x, 0) == doctest::Approx(static_cast<double>(n)).epsilon(1e-3));
    }
}

TEST_CASE(
    "norms: layer_norm is weight · (x - mean) / sqrt(variance + eps) + bias within 2e-6, also in place") {
  const moe::detail::FloatEnvironment environment;
  for (const Isa isa : every_isa())
    for (const std::size_t n : norm_sizes) {
      CAPTURE(name(isa));
      CAPTURE(n);
      const Kernels& kernels = moe::detail::simd::kernels_for(isa);
      std::vector<float> x = random_numbers(n, 1, 3);
      for (float& value : x) value += 2;
      const std::vector<float> weight = random_numbers(n, 2), bias = random_numbers(n, 3);
      double mean = 0;
      for (const float value : x) mean += value / static_cast<double>(n);
      const double scale = 1 / std::sqrt(sum_of_squares(x, mean) / static_cast<double>(n) + 1e-5);
      std::vector<float> out(n + 1, 12345);
      kernels.layer_norm(x.data(), weight.data(), bias.data(), 1e-5f, out.data(), n);
      for (std::size_t i = 0; i < n; ++i)
        REQUIRE(std::abs(out[i] - ((x[i] - mean) * scale * weight[i] + bias[i])) <
                2e-6 * (1 + std::abs(out[i])) * (n > 2 ? 1 : 100));
      CHECK(out.back() == 12345);
      kernels.layer_norm(x.data(), weight.data(), bias.data(), 1e-5f, x.data(), n);
      x.push_back(12345);
      CHECK(x == out);
    }
}

TEST_CASE("norms: l2_norm is factor · x / sqrt(sum of squares + eps) within 1e-6") {
  const moe::detail::FloatEnvironment environment;
  for (const Isa isa : every_isa())
    for (const std::size_t n : norm_sizes)
      for (const float size : {1.0f, 1e-4f, 0.0f}) {
        CAPTURE(name(isa));
        const std::vector<float> before = random_numbers(n, 1, size);
        const double scale = 0.25 / std::sqrt(sum_of_squares(before, 0) + 1e-6);
        std::vector<float> x = before;
        x.push_back(12345);
        moe::detail::simd::kernels_for(isa).l2_norm(x.data(), 1e-6f, 0.25f, n);
        for (std::size_t i = 0; i < n; ++i) REQUIRE(x[i] == doctest::Approx(before[i] * scale).epsilon(1e-6));
        CHECK(x.back() == 12345);
      }
}

TEST_CASE("norms: dot is the sum of products, within 1e-6 of the sum of magnitudes") {
  const moe::detail::FloatEnvironment environment;
  for (const Isa isa : every_isa())
    for (const std::size_t n : norm_sizes) {
      CAPTURE(name(isa));
      const std::vector<float> a = random_numbers(n, 1), b = random_numbers(n, 2);
      double exact = 0, magnitude = 0;
      for (std::size_t i = 0; i < n; ++i) {
        exact += double{a[i]} * b[i];
        magnitude += std::abs(double{a[i]} * b[i]);
      }
      CHECK(std::abs(moe::detail::simd::kernels_for(isa).dot(a.data(), b.data(), n) - exact) <=
            1e-6 * magnitude);
    }
}

TEST_CASE("norms: NaN makes all results NaN") {
  for (const Isa isa : every_isa())
    for (const std::size_t n : norm_sizes)
      for (std::size_t at = 0; at < n; at += 5) {
        const Kernels& kernels = moe::detail::simd::kernels_for(isa);
        const std::vector<float> ones(n, 1);
        std::vector<float> x = random_numbers(n, 1), rms(n), layer(n);
        x[at] = std::numeric_limits<float>::quiet_NaN();
        kernels.rms_norm(x.data(), nullptr, 1e-5f, rms.data(), n);
        kernels.layer_norm(x.data(), ones.data(), ones.data(), 1e-5f, layer.data(), n);
        CHECK(std::isnan(kernels.dot(x.data(), ones.data(), n)));
        kernels.l2_norm(x.data(), 1e-6f, 1, n);
        for (std::size_t i = 0; i < n; ++i)
          CHECK((std::isnan(rms[i]) && std::isnan(layer[i]) && std::isnan(x[i])));
      }
}
