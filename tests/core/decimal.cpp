// SPDX-License-Identifier: MIT
#include "detail/core/decimal.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

using moe::detail::is_decimal;
using moe::detail::parse_double;

namespace {

std::string decimal_zeros(std::size_t count) { return std::string(count, '0'); }

}  // namespace

TEST_CASE("decimal: a decimal nearer to 0 than every f64 is 0, in each way to write it") {
  for (const std::string& text : {std::string("1e-400"), "0." + decimal_zeros(400) + "1",
                                  "." + decimal_zeros(400) + "1", "0." + decimal_zeros(400) + "12e3",
                                  std::string("123.4e-99999999999999999999999"), std::string("1E-400")}) {
    CAPTURE(text);
    CHECK(parse_double(text) == 0.0);
    CHECK(std::signbit(parse_double('-' + text).value()));
  }
}

TEST_CASE("decimal: a decimal too large for an f64 has no value, in each way to write it") {
  for (const std::string& text :
       {std::string("1e400"), '1' + decimal_zeros(400), '1' + decimal_zeros(400) + ".0",
        '1' + decimal_zeros(400) + "e-5", "0.001" + decimal_zeros(4) + "E+500",
        std::string("0.1e99999999999999999999999"), std::string("1e+400")}) {
    CAPTURE(text);
    CHECK(!parse_double(text));
    CHECK(!parse_double('-' + text));
  }
}

TEST_CASE("decimal: zeros that the exponent cancels do not change a decimal") {
  CHECK(parse_double('5' + decimal_zeros(400) + "e-400") == 5.0);
  CHECK(parse_double("0." + decimal_zeros(400) + "5e+401") == 5.0);
  CHECK(parse_double("0e99999999999999999999999") == 0.0);
  CHECK(parse_double(decimal_zeros(400) + ".25") == 0.25);
}

TEST_CASE("decimal: subnormal numbers are read exactly") {
  CHECK(parse_double("4.9406564584124654e-324") == std::numeric_limits<double>::denorm_min());
  CHECK(parse_double("-2.2250738585072009e-308") == -2.2250738585072009e-308);
  CHECK(parse_double("0." + decimal_zeros(309) + "25") == 2.5e-310);
}

TEST_CASE("decimal: a number that is written as a decimal reads back as the same number") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 10'000; ++i) {
    const auto number = std::bit_cast<double>(random());
    const auto single = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(number)) CHECK(parse_double(moe::detail::to_decimal(number)) == number);
    if (std::isfinite(single))
      CHECK(static_cast<float>(parse_double(moe::detail::to_decimal(single)).value()) == single);
  }
  CHECK(moe::detail::to_decimal(0.5) == "0.5");
  CHECK(moe::detail::to_decimal(-0.125f) == "-0.125");
}

TEST_CASE("decimal: is_decimal takes numbers without a sign, and nothing else") {
  for (const char* const text : {"12", "0.5", ".5", "5.", "1e-07", "1E+7"})
    CHECK_MESSAGE(is_decimal(text), text);
  for (const char* const text : {"", ".", "-1", "1e", "e5", "1e5 ", "0x1", "inf"})
    CHECK_MESSAGE(!is_decimal(text), text);
}
