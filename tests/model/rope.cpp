#include "detail/model/rope_config.hpp"
#include "detail/model/rope.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using moe::RopeConfig;
using moe::detail::Rope;

TEST_CASE("rope: frequency i is theta^(-2i/d)") {
  const Rope rope({.theta = 1e6}, 128);
  REQUIRE(rope.frequencies().size() == 64);
  for (std::size_t i = 0; i < 64; ++i)
    CHECK(rope.frequencies()[i] ==
          doctest::Approx(std::pow(1e6, -static_cast<double>(i) / 64)).epsilon(1e-14));
}

TEST_CASE("rope: angle i is the position times frequency i") {
  const Rope rope({.theta = 10000}, 8);
  float cosines[4], sines[4];
  rope.angles(1000, cosines, sines);
  for (std::size_t i = 0; i < 4; ++i) {
    const double angle = 1000 * std::pow(10000, -static_cast<double>(i) / 4);
    CHECK(cosines[i] == doctest::Approx(std::cos(angle)).epsilon(1e-6));
    CHECK(sines[i] == doctest::Approx(std::sin(angle)).epsilon(1e-6));
  }
}

TEST_CASE("rope: linear scaling divides all frequencies by the factor") {
  const Rope plain({.theta = 100}, 16);
  const Rope scaled({.theta = 100, .scaling = RopeConfig::Scaling::linear, .factor = 2.5}, 16);
  for (std::size_t i = 0; i < 8; ++i) CHECK(scaled.frequencies()[i] == plain.frequencies()[i] / 2.5);
}

TEST_CASE("rope: yarn keeps high frequencies, divides low ones by the factor, and scales the magnitude") {
  // Computed by hand: d = 32, theta = 100, original 32: corr(2) = 3.2476 and corr(1) = 5.6558, so the ramp goes from 3 to 6.
  const RopeConfig config{.theta = 100,
                          .scaling = RopeConfig::Scaling::yarn,
                          .factor = 4,
                          .original_positions = 32,
                          .beta_fast = 2,
                          .beta_slow = 1,
                          .magnitude = 1.138629436};
  const Rope rope(config, 32);
  const Rope plain({.theta = 100}, 32);
  CHECK(rope.frequencies()[3] == plain.frequencies()[3]);
  CHECK(rope.frequencies()[4] == doctest::Approx(0.237171).epsilon(1e-5));
  CHECK(rope.frequencies()[6] == doctest::Approx(plain.frequencies()[6] / 4).epsilon(1e-14));
  float cosines[16], sines[16];
  rope.angles(0, cosines, sines);
  CHECK(cosines[0] == 1.138629436f);
  CHECK(sines[0] == 0);
}

TEST_CASE("rope: llama3 scaling divides the frequencies of long wavelengths only") {
  const RopeConfig config{.theta = 10000,
                          .scaling = RopeConfig::Scaling::llama3,
                          .factor = 8,
                          .original_positions = 100,
                          .low_frequency_factor = 1,
                          .high_frequency_factor = 4};
  const Rope rope(config, 64);
  const Rope plain({.theta = 10000}, 64);
  for (std::size_t i = 0; i < 32; ++i) {
    const double frequency = plain.frequencies()[i];
    const double turns = 100 * frequency / 6.283185307179586;
    const double smooth = (turns - 1) / 3;
    const double expected = turns < 1   ? frequency / 8
                            : turns > 4 ? frequency
                                        : (1 - smooth) * frequency / 8 + smooth * frequency;
    CHECK(rope.frequencies()[i] == doctest::Approx(expected).epsilon(1e-12));
  }
}
