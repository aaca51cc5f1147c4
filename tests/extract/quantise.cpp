#include "detail/core/dequantise.hpp"
#include "detail/extract/quantise.hpp"
#include "support/quantise.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace {

std::vector<std::byte> quantised(moe::DType dtype, const std::vector<float>& x) {
  std::vector<std::byte> out(moe::bytes_of(dtype, x.size()));
  moe::quantise(x, dtype, out);
  return out;
}

}  // namespace

TEST_CASE("quantise: stores what the tests' own encoders store") {
  for (const moe::DType dtype :
       {moe::DType::f32, moe::DType::f16, moe::DType::bf16, moe::DType::q8_0, moe::DType::q4_0})
    for (const float scale : {1e-6f, 0.02f, 1.0f, 1000.0f}) {
      CAPTURE(moe::name(dtype));
      const std::vector<float> x = random_numbers(32 * 200, 7, scale);
      CHECK(quantised(dtype, x) == encode(dtype, x));
    }
}

TEST_CASE("quantise: zeros stay zeros, and no number is farther off than it must be") {
  for (const moe::DType dtype : {moe::DType::q8_0, moe::DType::q4_0}) {
    const std::vector<float> zeros(64);
    const std::vector<std::byte> stored = quantised(dtype, zeros);
    CHECK(moe::dequantise(moe::Vector{stored.data(), dtype, 64}) == zeros);
    const std::vector<float> x = random_numbers(32 * 100, 8);
    const std::vector<std::byte> bytes = quantised(dtype, x);
    const std::vector<float> back = moe::dequantise(moe::Vector{bytes.data(), dtype, x.size()});
    for (std::size_t block = 0; block < x.size(); block += 32) {
      float most = 0;
      for (std::size_t i = block; i < block + 32; ++i) most = std::max(most, std::abs(x[i]));
      // The scale is rounded to 11 bits. And Q4_0 cannot hold the largest number with the other sign: a whole step off.
      const float step = dtype == moe::DType::q8_0 ? most / 127 * 0.57f : most / 8 * 1.01f;
      for (std::size_t i = block; i < block + 32; ++i) CHECK(std::abs(x[i] - back[i]) <= step);
    }
  }
}
