#include "detail/core/math.hpp"

#include <doctest/doctest.h>

#include <cmath>

TEST_CASE("math: exp and log agree with the C library to 1e-15") {
  for (double x = -60; x < 60; x += 0.0137) {
    REQUIRE(moe::detail::exp(x) == doctest::Approx(std::exp(x)).epsilon(1e-15));
    REQUIRE(moe::detail::log(std::exp(x)) == doctest::Approx(x).epsilon(1e-15));
  }
  CHECK(moe::detail::exp(0) == 1);
  CHECK(moe::detail::log(1) == 0);
}

TEST_CASE("math: exp of numbers far off is tiny or huge, and finite") {
  CHECK(moe::detail::exp(-1e300) < 1e-300);
  CHECK(moe::detail::exp(std::nan("")) < 1e-300);
  CHECK(std::isfinite(moe::detail::exp(1e300)));
}

TEST_CASE("math: sine and cosine agree with the C library up to large angles") {
  for (double x = -1e6; x < 1e6; x += 12.345) {
    const auto [sine, cosine] = moe::detail::sine_cosine(x);
    REQUIRE(std::abs(sine - std::sin(x)) < 1e-15);
    REQUIRE(std::abs(cosine - std::cos(x)) < 1e-15);
  }
}
