// SPDX-License-Identifier: MIT
#include "detail/core/tensor.hpp"
#include "detail/core/dequantise.hpp"
#include "detail/extract/quantise.hpp"
#include "support/quantise.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

std::vector<std::byte> quantised(moe::DType dtype, const std::vector<float>& x) {
  std::vector<std::byte> out(moe::detail::bytes_of(dtype, x.size()));
  moe::detail::quantise(x, dtype, out);
  return out;
}

}  // namespace

TEST_CASE("quantise: f32, f16, bf16, q8_0 and q4_0 agree with the reference encoders of the tests") {
  for (const moe::DType dtype :
       {moe::DType::f32, moe::DType::f16, moe::DType::bf16, moe::DType::q8_0, moe::DType::q4_0})
    for (const float scale : {1e-6f, 0.02f, 1.0f, 1000.0f}) {
      CAPTURE(moe::detail::name(dtype));
      const std::vector<float> x = random_numbers(32 * 200, 7, scale);
      CHECK(quantised(dtype, x) == encode(dtype, x));
    }
}

TEST_CASE("quantise: zeros stay zeros, and the error of q8_0 and q4_0 is within one rounding step") {
  for (const moe::DType dtype : {moe::DType::q8_0, moe::DType::q4_0}) {
    const std::vector<float> zeros(64);
    const std::vector<std::byte> stored = quantised(dtype, zeros);
    CHECK(moe::detail::dequantise(moe::Vector{stored.data(), dtype, 64}) == zeros);
    const std::vector<float> x = random_numbers(32 * 100, 8);
    const std::vector<std::byte> bytes = quantised(dtype, x);
    const std::vector<float> back = moe::detail::dequantise(moe::Vector{bytes.data(), dtype, x.size()});
    for (std::size_t block = 0; block < x.size(); block += 32) {
      float most = 0;
      for (std::size_t i = block; i < block + 32; ++i) most = std::max(most, std::abs(x[i]));
      // The scale is rounded to 11 bits. If a block has both the largest magnitude and its negative, q4_0 has a code for only
      // one of them: the error of the other is a whole step.
      const float step = dtype == moe::DType::q8_0 ? most / 127 * 0.57f : most / 8 * 1.01f;
      for (std::size_t i = block; i < block + 32; ++i) CHECK(std::abs(x[i] - back[i]) <= step);
    }
  }
}

TEST_CASE("quantise: a NaN or a denormal number does not spoil the other numbers of its block") {
  for (const moe::DType dtype :
       {moe::DType::q8_0, moe::DType::q4_0, moe::DType::q6_k, moe::DType::q4_k, moe::DType::q2_k})
    for (const float odd : {std::nanf(""), 1e-40f, -1e-45f}) {
      CAPTURE(moe::detail::name(dtype));
      CAPTURE(odd);
      std::vector<float> x(256, 1e-40f);
      x[7] = odd;
      const std::vector<std::byte> stored = quantised(dtype, x);
      for (const float back : moe::detail::dequantise(moe::Vector{stored.data(), dtype, 256}))
        CHECK(std::abs(back) < 1e-6f);
      x.assign(256, 1.0f);
      x[7] = odd;
      const std::vector<std::byte> again = quantised(dtype, x);
      for (const float back : moe::detail::dequantise(moe::Vector{again.data(), dtype, 256}))
        CHECK(std::isfinite(back));
    }
}

TEST_CASE("quantise: k-quants have a small squared error") {
  const auto relative_error = [](moe::DType dtype, const std::vector<float>& x) {
    const std::vector<std::byte> stored = quantised(dtype, x);
    const std::vector<float> back = moe::detail::dequantise(moe::Vector{stored.data(), dtype, x.size()});
    double squares = 0, errors = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      squares += double{x[i]} * double{x[i]};
      errors += (double{x[i]} - double{back[i]}) * (double{x[i]} - double{back[i]});
    }
    return std::sqrt(errors / squares);
  };
  for (const float scale : {1e-3f, 1.0f, 100.0f}) {
    CAPTURE(scale);
    std::vector<float> x = random_numbers(256 * 100, 9, scale);
    CHECK(relative_error(moe::DType::q4_k, x) < 0.9 * relative_error(moe::DType::q4_0, x));
    CHECK(relative_error(moe::DType::q4_k, x) < 0.075);
    CHECK(relative_error(moe::DType::q6_k, x) < 0.02);
    for (float& value : x) value += 2 * scale;  // q4_k has offsets of one sign only, q6_k has none
    CHECK(relative_error(moe::DType::q6_k, x) < 0.02);
    for (float& value : x) value -= 4 * scale;
    CHECK(relative_error(moe::DType::q4_k, x) < 0.04);
  }
}

TEST_CASE("quantise: the error of a k-quant is within 1.2 steps of its part of the block") {
  for (const moe::DType dtype : {moe::DType::q4_k, moe::DType::q6_k}) {
    const std::size_t part = dtype == moe::DType::q4_k ? 32 : 16;
    const std::vector<float> x = random_numbers(256 * 100, 10, 0.02f);
    const std::vector<std::byte> stored = quantised(dtype, x);
    const std::vector<float> back = moe::detail::dequantise(moe::Vector{stored.data(), dtype, x.size()});
    for (std::size_t first = 0; first < x.size(); first += part) {
      float least = 0, most = 0;
      for (std::size_t i = first; i < first + part; ++i)
        least = std::min(least, x[i]), most = std::max(most, x[i]);
      const float step = dtype == moe::DType::q4_k ? (most - least) / 15 : std::max(most, -least) / 32;
      for (std::size_t i = first; i < first + part; ++i) CHECK(std::abs(x[i] - back[i]) <= 1.2f * step);
    }
  }
}

TEST_CASE("quantise: k-quants reproduce blocks of one value, also zero and values too small for a scale") {
  for (const moe::DType dtype : {moe::DType::q4_k, moe::DType::q6_k, moe::DType::q2_k})
    for (const float value : {0.0f, 1.0f, -1.0f, 1e-30f, -1e-30f, 3e4f}) {
      CAPTURE(moe::detail::name(dtype));
      CAPTURE(value);
      const std::vector<float> x(256, value);
      const std::vector<std::byte> stored = quantised(dtype, x);
      for (const float back : moe::detail::dequantise(moe::Vector{stored.data(), dtype, 256}))
        CHECK(std::abs(back - value) <= 0.01f * std::abs(value) + 1e-29f);
    }
}

TEST_CASE("quantise: q2_k has a small squared error for numbers of any scale") {
  for (const float scale : {1e-3f, 1.0f, 100.0f}) {
    CAPTURE(scale);
    const std::vector<float> x = random_numbers(256 * 100, 9, scale);
    const std::vector<std::byte> stored = quantised(moe::DType::q2_k, x);
    const std::vector<float> back =
        moe::detail::dequantise(moe::Vector{stored.data(), moe::DType::q2_k, x.size()});
    double squares = 0, errors = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      squares += double{x[i]} * double{x[i]};
      errors += (double{x[i]} - double{back[i]}) * (double{x[i]} - double{back[i]});
    }
    CHECK(std::sqrt(errors / squares) < 0.33);
  }
}

TEST_CASE("quantise: q2_k reproduces numbers of four levels per part, in their places") {
  std::vector<float> x(256);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = 0.5f * static_cast<float>(i / 16 + 1) * static_cast<float>((i * 7 + i / 16) % 4) -
           0.25f * static_cast<float>(i / 16);
  const std::vector<std::byte> stored = quantised(moe::DType::q2_k, x);
  const std::vector<float> back =
      moe::detail::dequantise(moe::Vector{stored.data(), moe::DType::q2_k, x.size()});
  // Scales and offsets are rounded to 4 bits of the largest.
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::abs(x[i] - back[i]) <= 1.1f);
}
