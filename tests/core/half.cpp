// SPDX-License-Identifier: MIT
#include "detail/core/half.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

using moe::detail::bf16_to_float;
using moe::detail::f16_to_float;
using moe::detail::float_to_bf16;
using moe::detail::float_to_f16;

namespace {

/// The value by the definition of IEEE 754 binary16.
double f16_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

}  // namespace

TEST_CASE("half: all finite f16 have the value of the definition, and convert back to the same bits") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if ((half >> 10 & 31) == 31) continue;
    REQUIRE(f16_to_float(half) == f16_value(half));
    REQUIRE(float_to_f16(f16_to_float(half)) == half);
  }
}

TEST_CASE("half: f16 rounds to nearest, ties to even") {
  for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const double low = f16_value(static_cast<std::uint16_t>(bits));
    const double high = f16_value(static_cast<std::uint16_t>(bits + 1));
    const auto middle = static_cast<float>((low + high) / 2);  // exact: one bit more than an f16
    REQUIRE(float_to_f16(middle) == (bits + 1) / 2 * 2);
    REQUIRE(float_to_f16(std::nextafter(middle, 0.0f)) == bits);
    REQUIRE(float_to_f16(std::nextafter(middle, 1e9f)) == bits + 1);
  }
}

TEST_CASE("half: a float beyond the range of f16 becomes infinity, and NaN stays NaN") {
  CHECK(float_to_f16(65519.0f) == 0x7bff);
  CHECK(float_to_f16(65520.0f) == 0x7c00);
  CHECK(float_to_f16(-1e30f) == 0xfc00);
  CHECK(std::isinf(f16_to_float(0x7c00)));
  CHECK(std::isnan(f16_to_float(float_to_f16(std::numeric_limits<float>::quiet_NaN()))));
}

TEST_CASE("half: bf16 is the upper half of a float, rounded to nearest, ties to even") {
  CHECK(bf16_to_float(0x3f80) == 1.0f);
  CHECK(float_to_bf16(std::bit_cast<float>(0x3f808000u)) == 0x3f80);
  CHECK(float_to_bf16(std::bit_cast<float>(0x3f808001u)) == 0x3f81);
  CHECK(float_to_bf16(std::bit_cast<float>(0x3f818000u)) == 0x3f82);
  CHECK(std::isnan(bf16_to_float(float_to_bf16(std::bit_cast<float>(0x7f800001u)))));
}
