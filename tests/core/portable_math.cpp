// SPDX-License-Identifier: MIT
#include "detail/core/portable_math.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>

TEST_CASE("portable math: exp and log agree with the C library to 1e-15") {
  for (double x = -60; x < 60; x += 0.0137) {
    REQUIRE(moe::detail::portable::exp(x) == doctest::Approx(std::exp(x)).epsilon(1e-15));
    REQUIRE(moe::detail::portable::log(std::exp(x)) == doctest::Approx(x).epsilon(1e-15));
  }
  CHECK(moe::detail::portable::exp(0) == 1);
  CHECK(moe::detail::portable::log(1) == 0);
}

TEST_CASE("portable math: exp of very large and very small arguments is finite") {
  CHECK(moe::detail::portable::exp(-1e300) < 1e-300);
  CHECK(std::isfinite(moe::detail::portable::exp(1e300)));
}

TEST_CASE("portable math: sine and cosine agree with the C library up to large angles") {
  for (double x = -1e6; x < 1e6; x += 12.345) {
    const auto [sine, cosine] = moe::detail::portable::sine_cosine(x);
    REQUIRE(std::abs(sine - std::sin(x)) < 1e-15);
    REQUIRE(std::abs(cosine - std::cos(x)) < 1e-15);
  }
}

TEST_CASE("portable math: sine and cosine of long texts' positions are exact up to 2^31") {
  for (const double x :
       {0x1p21, 0x1p22 + 1, 3294199.0, 6588397.0, 0x1p25 + 3, 0x1p28 - 1, 0x1p30 + 7, 0x1p31 - 1}) {
    for (const double angle : {x, x + 0.25, -x}) {
      CAPTURE(angle);
      const auto [sine, cosine] = moe::detail::portable::sine_cosine(angle);
      CHECK(std::abs(sine - std::sin(angle)) < 1e-15);
      CHECK(std::abs(cosine - std::cos(angle)) < 1e-15);
    }
  }
}

TEST_CASE("portable math: the sine of an angle beyond the range is NaN, never a wrong number") {
  for (const double angle : {0x1p31, -0x1p31, 1e300}) {
    CHECK(std::isnan(moe::detail::portable::sine_cosine(angle).sine));
    CHECK(std::isnan(moe::detail::portable::sine_cosine(angle).cosine));
  }
}

TEST_CASE("portable math: NaN in gives NaN out") {
  CHECK(std::isnan(moe::detail::portable::exp(std::nan(""))));
  CHECK(std::isnan(moe::detail::portable::log(std::nan(""))));
  CHECK(std::isnan(moe::detail::portable::log(-1)));
  CHECK(std::isnan(moe::detail::portable::sine_cosine(std::nan("")).sine));
  CHECK(std::isnan(moe::detail::portable::sine_cosine(HUGE_VAL).cosine));
}

TEST_CASE("portable math: log of zero, denormal numbers and infinity agrees with the C library") {
  for (const double x : {0.0, HUGE_VAL}) CHECK(moe::detail::portable::log(x) == std::log(x));
  for (const double x : {5e-324, 1e-310})
    CHECK(moe::detail::portable::log(x) == doctest::Approx(std::log(x)).epsilon(1e-15));
}
