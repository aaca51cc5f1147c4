// SPDX-License-Identifier: MIT
#include "detail/generate/random.hpp"

#include <doctest/doctest.h>

TEST_CASE("random: the generator gives the numbers of SplitMix64") {
  moe::Random random(1234567);
  CHECK(random.next() == 6457827717110365317u);
  CHECK(random.next() == 3203168211198807973u);
  CHECK(random.next() == 9817491932198370423u);
}

TEST_CASE("random: uniform numbers lie in [0, 1) and have the mean 1/2") {
  moe::Random random(1);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = random.uniform();
    REQUIRE((x >= 0 && x < 1));
    sum += x;
  }
  CHECK(sum / 100000 == doctest::Approx(0.5).epsilon(0.01));
}
