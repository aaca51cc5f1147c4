// SPDX-License-Identifier: MIT
#include "detail/simd/kernel_table.hpp"
#include "detail/core/float_environment.hpp"
#include "detail/core/half.hpp"
#include "detail/simd/kernels.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

namespace {

const moe::detail::simd::Kernels& kernels() { return moe::detail::simd::kernels(); }

constexpr std::size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 72, 128};

/// Values followed by a guard number that a kernel must not overwrite.
std::vector<float> guarded(std::vector<float> values) {
  values.push_back(12345);
  return values;
}

}  // namespace

TEST_CASE("elementwise: rms_norm is weight · x / sqrt(mean(x²) + eps), also in place") {
  for (const std::size_t n : sizes) {
    std::vector<float> x = guarded(random_numbers(n, 1, 3));
    const std::vector<float> weight = random_numbers(n, 2);
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) squares += double{x[i]} * x[i];
    const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
    std::vector<float> out(n + 1, 12345);
    kernels().rms_norm(x.data(), weight.data(), 1e-5f, out.data(), n);
    for (std::size_t i = 0; i < n; ++i)
      REQUIRE(out[i] == doctest::Approx(x[i] * scale * weight[i]).epsilon(1e-6));
    kernels().rms_norm(x.data(), weight.data(), 1e-5f, x.data(), n);
    CHECK(x == out);
  }
}

TEST_CASE("elementwise: rope rotates pairs of numbers at a distance of half a head") {
  for (const std::size_t half : sizes) {
    const std::vector<float> before = random_numbers(2 * half, 1);
    std::vector<float> cosines(half), sines(half), head = guarded(before);
    for (std::size_t i = 0; i < half; ++i) {
      cosines[i] = std::cos(static_cast<float>(i));
      sines[i] = std::sin(static_cast<float>(i));
    }
    kernels().rope(head.data(), cosines.data(), sines.data(), half);
    for (std::size_t i = 0; i < half; ++i) {
      REQUIRE(head[i] == doctest::Approx(before[i] * cosines[i] - before[i + half] * sines[i]).epsilon(1e-5));
      REQUIRE(head[i + half] ==
              doctest::Approx(before[i + half] * cosines[i] + before[i] * sines[i]).epsilon(1e-5));
    }
    CHECK(head.back() == 12345);
  }
}

TEST_CASE("elementwise: silu_mul is gate / (1 + e^-gate) · up, without overflow for large magnitudes") {
  for (const std::size_t n : sizes) {
    const std::vector<float> before = random_numbers(n, 1, 20);
    const std::vector<float> up = random_numbers(n, 2);
    std::vector<float> gate = guarded(before);
    kernels().silu_mul(gate.data(), up.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const double g = before[i];
      REQUIRE(gate[i] == doctest::Approx(g / (1 + std::exp(-g)) * up[i]).epsilon(1e-6));
    }
    CHECK(gate.back() == 12345);
  }
  std::vector<float> far{-1000, 1000, -88, 88};
  const std::vector<float> ones(4, 1);
  kernels().silu_mul(far.data(), ones.data(), 4);
  CHECK(std::abs(far[0]) < 1e-30f);
  CHECK(far[1] == 1000);
  CHECK(std::abs(far[2]) < 1e-30f);
  CHECK(far[3] == 88);
}

TEST_CASE("elementwise: exponentiate is e^(x - maximum) to a relative error of 2e-6, and returns the sum") {
  for (const std::size_t n : sizes) {
    const std::vector<float> before = random_numbers(n, 1, 10);
    const float maximum = *std::max_element(before.begin(), before.end());
    std::vector<float> x = guarded(before);
    const float sum = kernels().exponentiate(x.data(), maximum, n);
    double exact_sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double exact = std::exp(double{before[i]} - maximum);
      exact_sum += exact;
      REQUIRE(std::abs(x[i] - exact) <= 2e-6 * exact);
    }
    REQUIRE(sum == doctest::Approx(exact_sum).epsilon(1e-6));
    CHECK(x.back() == 12345);
  }
}

TEST_CASE("elementwise: exponentiate gives exactly 1 for 0 and less than 1e-37 for very negative numbers") {
  std::vector<float> x{0, -1e30f, -200};
  kernels().exponentiate(x.data(), 0, 3);
  CHECK(x[0] == 1);
  CHECK(x[1] < 1e-37f);
  CHECK(x[2] < 1e-37f);
}

TEST_CASE("elementwise: add_scaled is x + factor · y, and scale is factor · x") {
  for (const std::size_t n : sizes) {
    const std::vector<float> a = random_numbers(n, 1), b = random_numbers(n, 2);
    std::vector<float> sum = guarded(a), scaled = guarded(a);
    kernels().add_scaled(sum.data(), b.data(), 0.7f, n);
    kernels().scale(scaled.data(), 0.7f, n);
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE(sum[i] == doctest::Approx(a[i] + 0.7 * b[i]).epsilon(1e-5));
      REQUIRE(scaled[i] == a[i] * 0.7f);
    }
    CHECK(sum.back() == 12345);
    CHECK(scaled.back() == 12345);
  }
}

TEST_CASE("elementwise: quantise keeps each number within half a step of its block") {
  const moe::detail::FloatEnvironment environment;
  std::vector<float> x = random_numbers(32 * 9, 5, 4);
  for (std::size_t i = 0; i < 32; ++i) x[i] = 0;
  x[40] = -1000;
  std::vector<std::int8_t> quants(x.size());
  std::vector<float> scales(x.size() / 32);
  std::vector<std::int16_t> sums(x.size() / 16);
  kernels().quantise(x.data(), quants.data(), scales.data(), sums.data(), x.size());
  CHECK(scales[0] == 0);
  CHECK(quants[40] == -127);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float scale = scales[i / 32];
    REQUIRE(std::abs(x[i] - static_cast<float>(quants[i]) * scale) <= scale * 0.50001f);
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    REQUIRE(sums[i] == std::accumulate(quants.begin() + static_cast<std::ptrdiff_t>(i * 16),
                                       quants.begin() + static_cast<std::ptrdiff_t>(i * 16 + 16), 0));
}

TEST_CASE("elementwise: quantise makes zeros of a block of denormals") {
  const std::vector<float> x(32, 1e-39f);
  std::vector<std::int8_t> quants(32, 1);
  float scale = 0;
  std::int16_t sums[2];
  kernels().quantise(x.data(), quants.data(), &scale, sums, 32);
  CHECK(quants == std::vector<std::int8_t>(32, 0));
  CHECK(std::isfinite(scale));
}

TEST_CASE("elementwise: quantise gives a block with an infinity or NaN the scale NaN, wherever it is") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const float strange : {inf, -inf, std::numeric_limits<float>::quiet_NaN()})
    for (std::size_t at = 0; at < 32; ++at) {
      std::vector<float> x = random_numbers(96, 5);
      x[32 + at] = strange;
      std::vector<std::int8_t> quants(96);
      float scales[3];
      std::int16_t sums[6];
      kernels().quantise(x.data(), quants.data(), scales, sums, 96);
      CHECK((std::isfinite(scales[0]) && std::isnan(scales[1]) && std::isfinite(scales[2])));
    }
}

TEST_CASE("elementwise: exponentiate and silu_mul of NaN are NaN, and the sum is NaN") {
  for (const std::size_t n : sizes)
    for (std::size_t at = 0; at < n; at += 3) {
      std::vector<float> x = random_numbers(n, 1), gate = x;
      const std::vector<float> up = random_numbers(n, 2);
      x[at] = gate[at] = std::numeric_limits<float>::quiet_NaN();
      CHECK(std::isnan(kernels().exponentiate(x.data(), 3, n)));
      kernels().silu_mul(gate.data(), up.data(), n);
      for (std::size_t i = 0; i < n; ++i) {
        CHECK(std::isnan(x[i]) == (i == at));
        CHECK(std::isnan(gate[i]) == (i == at));
      }
    }
}

TEST_CASE("elementwise: to_f16 makes NaN of NaN and of infinities") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const std::size_t n : sizes)
    for (const float strange : {inf, -inf, std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> x = random_numbers(n, 1);
      x[n - 1] = strange;
      std::vector<std::uint16_t> out(n);
      kernels().to_f16(x.data(), reinterpret_cast<std::byte*>(out.data()), n);
      for (std::size_t i = 0; i < n; ++i)
        CHECK(std::isnan(moe::detail::f16_to_float(out[i])) == (i == n - 1));
    }
}

TEST_CASE("elementwise: to_f16 rounds to nearest and clamps to the largest f16") {
  for (const std::size_t n : sizes) {
    std::vector<float> x = random_numbers(n, 1, 100);
    x[0] = 1e9f;
    std::vector<std::byte> out(2 * n + 1, std::byte{0x77});
    kernels().to_f16(x.data(), out.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      std::uint16_t half = 0;
      std::memcpy(&half, &out[2 * i], 2);
      REQUIRE(half == (i == 0 ? 0x7bff : moe::detail::float_to_f16(x[i])));
    }
    CHECK(out.back() == std::byte{0x77});
  }
}
