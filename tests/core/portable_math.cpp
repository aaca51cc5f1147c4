// SPDX-License-Identifier: MIT
#include "detail/core/portable_math.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace {

/// FNV-1a, 64 bits at a time, of the bits of numbers.
class HashOfBits {
 public:
  void add(double number) { hash_ = (hash_ ^ std::bit_cast<std::uint64_t>(number)) * 1099511628211u; }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037u;
};

}  // namespace

TEST_CASE("portable math: the relative difference of exp and log to the C library is below 1e-15") {
  const auto check = [](double found, double expected) {
    REQUIRE(std::abs(found - expected) <= 1e-15 * std::abs(expected));
  };
  for (double x = -700; x < 700; x += 0.0137) {
    check(moe::detail::portable::exp(x), std::exp(x));
    check(moe::detail::portable::log(std::exp(x)), std::log(std::exp(x)));
  }
  for (double y = 0.5; y < 2; y += 1e-5) check(moe::detail::portable::log(y), std::log(y));
  CHECK(moe::detail::portable::exp(0) == 1);
  CHECK(moe::detail::portable::log(1) == 0);
}

TEST_CASE("portable math: the bits of results do not depend on the machine, the compiler or its options") {
  HashOfBits exp, log, sine_cosine;
  for (int i = -60000; i < 60000; ++i) {
    exp.add(moe::detail::portable::exp(i * 0.00137));
    log.add(moe::detail::portable::log((i + 60001) * 0.0137));
    const auto [sine, cosine] = moe::detail::portable::sine_cosine(i * 1.37);
    sine_cosine.add(sine), sine_cosine.add(cosine);
  }
  // Computed with GCC 12 on x86-64.
  CHECK(exp.value() == 0x23ac930d5e92cd07u);
  CHECK(log.value() == 0x940a0e9f273cf427u);
  CHECK(sine_cosine.value() == 0x4cb8c1ec135abaa7u);
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

TEST_CASE("portable math: sine and cosine of large angles, up to 2^31, are within 1e-15") {
  struct Case {
    double angle, sine, cosine;
  };
  // Constants, because not every C library is exact enough: the C library of Windows is wrong by 4e-15 at 2^22.
  constexpr Case cases[] = {
      {2097152.0, 0.6238443993586297, 0.7815485687971482},
      {2097152.25, 0.7978087980233128, 0.6029105421176486},
      {4194305.0, 0.7133652021355629, -0.7007924716933591},
      {4194305.25, 0.5178095734525716, -0.8554959062677424},
      {3294199.0, 0.33506048864245513, 0.942196619050758},
      {3294199.25, 0.5577474434194961, 0.8300107164121533},
      {6588397.0, -0.3113954509133007, 0.9502804181663969},
      {6588397.25, -0.06661178259767413, 0.9977789687196058},
      {33554435.0, 0.9363420316112351, 0.3510891622339614},
      {33554435.25, 0.9940942741859424, 0.10851992457942579},
      {268435455.0, -0.39352367567297836, -0.9193144819292409},
      {268435455.25, -0.6087320202260945, -0.79337590557784},
      {1073741831.0, 0.05145226092009371, 0.9986754552136597},
      {1073741831.25, 0.2969289963607484, 0.9548995607498197},
      {2147483647.0, -0.7249165551445564, -0.6888366918779438},
      {2147483647.25, -0.8728015798336415, -0.48807520141869487},
  };
  for (const Case& x : cases)
    for (const double sign : {1.0, -1.0}) {
      CAPTURE(x.angle);
      const auto [sine, cosine] = moe::detail::portable::sine_cosine(sign * x.angle);
      CHECK(std::abs(sine - sign * x.sine) < 1e-15);
      CHECK(std::abs(cosine - x.cosine) < 1e-15);
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
    CHECK(std::abs(moe::detail::portable::log(x) - std::log(x)) <= 1e-15 * std::abs(std::log(x)));
}
