// SPDX-License-Identifier: MIT
#include "detail/core/float_environment.hpp"
#include "detail/simd/kernel_table.hpp"
#include "detail/simd/kernels.hpp"
#include "support/every_isa.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

using moe::detail::simd::Isa;
using moe::detail::simd::Kernels;

namespace {

/// An elementwise kernel, x[i] = f(x[i], y[i]), and its formula in double precision.
struct ElementwiseCase {
  std::string_view name;
  std::function<void(const Kernels&, float* x, const float* y, std::size_t n)> kernel;
  std::function<double(double x, double y)> formula;
  bool takes_y;
};

double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

const std::vector<ElementwiseCase>& elementwise_cases() {
  static const std::vector<ElementwiseCase> cases{
      {"silu", [](const Kernels& k, float* x, const float*, std::size_t n) { k.silu(x, n); },
       [](double x, double) { return x * sigmoid(x); }, false},
      {"silu_mul", [](const Kernels& k, float* x, const float* y, std::size_t n) { k.silu_mul(x, y, n); },
       [](double x, double y) { return x * sigmoid(x) * y; }, true},
      {"clamped_silu_mul",
       [](const Kernels& k, float* x, const float* y, std::size_t n) { k.clamped_silu_mul(x, y, 1.5f, n); },
       [](double x, double y) {
         const double gate = std::min(x, 1.5), up = std::clamp(y, -1.5, 1.5);
         return gate * sigmoid(1.702 * gate) * (up + 1);
       },
       true},
      {"gelu_mul", [](const Kernels& k, float* x, const float* y, std::size_t n) { k.gelu_mul(x, y, n); },
       [](double x, double y) {
         const double pi = 3.141592653589793;
         return x / 2 * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x))) * y;
       },
       true},
      {"relu_squared", [](const Kernels& k, float* x, const float*, std::size_t n) { k.relu_squared(x, n); },
       [](double x, double) { return x > 0 ? x * x : 0; }, false},
      {"sigmoid_mul",
       [](const Kernels& k, float* x, const float* y, std::size_t n) { k.sigmoid_mul(x, y, n); },
       [](double x, double y) { return x * sigmoid(y); }, true},
      {"multiply", [](const Kernels& k, float* x, const float* y, std::size_t n) { k.multiply(x, y, n); },
       [](double x, double y) { return x * y; }, true},
      {"clamp", [](const Kernels& k, float* x, const float*, std::size_t n) { k.clamp(x, 1.25f, n); },
       [](double x, double) { return std::clamp(x, -1.25, 1.25); }, false},
  };
  return cases;
}

constexpr std::size_t some_sizes[] = {0, 1, 3, 7, 8, 15, 16, 17, 33, 130};

}  // namespace

TEST_CASE("activations: every kernel is within 2e-6 of its formula, for every size n, and writes n numbers") {
  const moe::detail::FloatEnvironment environment;
  for (const Isa isa : every_isa())
    for (const ElementwiseCase& test : elementwise_cases())
      for (const std::size_t n : some_sizes) {
        CAPTURE(name(isa));
        CAPTURE(test.name);
        CAPTURE(n);
        const std::vector<float> before = random_numbers(n, 1, 4), y = random_numbers(n + 1, 2, 2);
        std::vector<float> x = before;
        x.push_back(12345);
        test.kernel(moe::detail::simd::kernels_for(isa), x.data(), y.data() + 1, n);
        for (std::size_t i = 0; i < n; ++i) {
          const double exact = test.formula(before[i], y[i + 1]);
          // In gelu, the argument of exp grows with x cubed. The rounding error of this argument is a relative error of exp.
          REQUIRE(std::abs(x[i] - exact) <= 2e-6 * std::abs(exact) + 2e-7);
        }
        CHECK(x.back() == 12345);
      }
}

TEST_CASE("activations: the result for a number has the same bits at every index") {
  for (const Isa isa : every_isa())
    for (const ElementwiseCase& test : elementwise_cases()) {
      CAPTURE(name(isa));
      CAPTURE(test.name);
      const std::vector<float> before = random_numbers(67, 3, 4), y = random_numbers(67, 4, 2);
      std::vector<float> together = before, apart = before;
      const Kernels& kernels = moe::detail::simd::kernels_for(isa);
      test.kernel(kernels, together.data(), y.data(), 67);
      for (std::size_t i = 0; i < 67; ++i) test.kernel(kernels, &apart[i], &y[i], 1);
      CHECK(apart == together);
    }
}

TEST_CASE("activations: NaN at an index of either argument gives NaN at this index only") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Isa isa : every_isa())
    for (const ElementwiseCase& test : elementwise_cases())
      for (const std::size_t n : some_sizes)
        for (std::size_t at = 0; at < n; at += 3)
          for (const bool in_y : {false, true}) {
            if (in_y && !test.takes_y) continue;
            CAPTURE(name(isa));
            CAPTURE(test.name);
            std::vector<float> x = random_numbers(n, 1), y = random_numbers(n, 2);
            (in_y ? y : x)[at] = nan;
            test.kernel(moe::detail::simd::kernels_for(isa), x.data(), y.data(), n);
            for (std::size_t i = 0; i < n; ++i) REQUIRE(std::isnan(x[i]) == (i == at));
          }
}

TEST_CASE("activations: large magnitudes give the limit of the function") {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> large{88, 1000, 1e4f, 1e15f, 3e38f, infinity};
  const std::vector<float> ones(large.size(), 1);
  for (const Isa isa : every_isa()) {
    CAPTURE(name(isa));
    const Kernels& kernels = moe::detail::simd::kernels_for(isa);
    for (const bool gelu : {false, true}) {
      std::vector<float> positive = large, negative = large;
      for (float& value : negative) value = -value;
      for (std::vector<float>* x : {&positive, &negative})
        gelu ? kernels.gelu_mul(x->data(), ones.data(), x->size()) : kernels.silu(x->data(), x->size());
      CHECK(positive == large);
      for (const float value : negative) CHECK(std::abs(value) < 1e-35f);
    }
    std::vector<float> gate{-3e38f, 3e38f, infinity, -infinity}, up{0, 0, -infinity, infinity};
    kernels.clamped_silu_mul(gate.data(), up.data(), 7, 4);
    const double at_limit = 7 * sigmoid(1.702 * 7);
    CHECK(std::abs(gate[0]) < 1e-35f);
    CHECK(gate[1] == doctest::Approx(at_limit));
    CHECK(gate[2] == doctest::Approx(-6 * at_limit));
    CHECK(std::abs(gate[3]) < 1e-34f);
  }
}
