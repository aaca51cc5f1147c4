// SPDX-License-Identifier: MIT
#include "detail/simd/isa.hpp"
#include "detail/simd/kernel_table.hpp"
#include "detail/core/error.hpp"
#include "detail/core/float_environment.hpp"
#include "detail/core/half.hpp"
#include "detail/simd/kernels.hpp"
#include "support/message_of.hpp"
#include "support/quantise.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

using moe::DType;
using moe::detail::simd::Kernels;
using moe::detail::simd::MatmulArgs;

namespace {

/// Null if the instruction set under test has no bf16 dot products; the other tests then return at once.
const Kernels* dot_kernels() {
  return moe::detail::simd::bf16_dot_kernels_for(moe::detail::simd::active_isa());
}

std::vector<std::uint16_t> rounded(const std::vector<float>& x) {
  std::vector<std::uint16_t> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = moe::detail::float_to_bf16(x[i]);
  return out;
}

/// A product of random weights, `offset` bytes after an aligned address, with random activations.
struct DotCase {
  DotCase(std::size_t row_count, std::size_t col_count, std::size_t token_count, std::size_t offset)
      : rows(row_count),
        cols(col_count),
        tokens(token_count),
        x(rounded(random_numbers(tokens * cols, 7))),
        bytes(encode(DType::bf16, random_numbers(rows * cols, 3, 0.1f), offset)),
        weights(bytes.data() + offset) {}

  MatmulArgs args(float* out) const {
    return {.weights = weights,
            .dtype = DType::bf16,
            .row_bytes = cols * 2,
            .rows = rows,
            .cols = cols,
            .tokens = tokens,
            .x = nullptr,
            .x_stride = 0,
            .quants = nullptr,
            .scales = nullptr,
            .sums = nullptr,
            .bf16 = x.data(),
            .row_indices = nullptr,
            .out = out,
            .out_stride = rows};
  }

  void multiply(const MatmulArgs& of_part) const {
    dot_kernels()->matmul[static_cast<std::size_t>(DType::bf16)](of_part);
  }

  std::vector<float> run() const {
    std::vector<float> out(tokens * rows, 1e30f);
    multiply(args(out.data()));
    return out;
  }

  float weight(std::size_t row, std::size_t c) const {
    std::uint16_t bits;
    std::memcpy(&bits, weights + (row * cols + c) * 2, 2);
    return moe::detail::bf16_to_float(bits);
  }
  float activation(std::size_t token, std::size_t c) const {
    return moe::detail::bf16_to_float(x[token * cols + c]);
  }

  /// The product in double precision. error: a bound of the rounding error in single precision, from the sum of magnitudes.
  double exact(std::size_t token, std::size_t row, double& error) const {
    double sum = 0;
    error = 0;
    for (std::size_t c = 0; c < cols; ++c) {
      const double product = double{weight(row, c)} * double{activation(token, c)};
      sum += product;
      error += std::abs(product);
    }
    error = error * 1e-6 + 1e-9;
    return sum;
  }

  /// The product in the order of summation that bf16_dot.inl documents.
  float in_order(std::size_t token, std::size_t row) const {
    std::array<float, 16> lanes{};
    const auto add = [&](std::size_t c) {
      float& lane = lanes[c / 2 % 16];
      if (c < cols) lane = std::fma(weight(row, c), activation(token, c), lane);
    };
    for (std::size_t c = 0; c < cols; c += 2) add(c + 1), add(c);
    std::array<float, 4> quarters;
    for (std::size_t i = 0; i < 4; ++i)
      quarters[i] = (lanes[4 * i] + lanes[4 * i + 2]) + (lanes[4 * i + 1] + lanes[4 * i + 3]);
    return (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]);
  }

  std::size_t rows, cols, tokens;
  std::vector<std::uint16_t> x;
  std::vector<std::byte> bytes;
  const std::byte* weights;
};

constexpr std::size_t all_columns[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 72, 129, 768, 2048};

}  // namespace

TEST_CASE("bf16 dot: an instruction set without bf16 dot products is refused by name") {
  if (dot_kernels()) {
    CHECK(&moe::detail::simd::bf16_dot_kernels() == dot_kernels());
    CHECK(static_cast<bool>(dot_kernels()->to_bf16));
  } else {
    check_error([] { moe::detail::simd::bf16_dot_kernels(); }, {"bf16_dot", "avx512 with AVX512_BF16"});
  }
  CHECK_FALSE(static_cast<bool>(moe::detail::simd::kernels().to_bf16));  // used on request only
}

TEST_CASE("bf16 dot: every size and alignment gives the product in the documented order of summation") {
  if (!dot_kernels()) return;
  const moe::detail::FloatEnvironment environment;
  for (const std::size_t cols : all_columns)
    for (const std::size_t rows : {1u, 2u, 3u, 4u, 5u, 8u, 15u, 16u, 17u, 33u})
      for (const std::size_t tokens : {1u, 2u, 3u, 4u, 6u, 7u, 11u}) {
        const DotCase product(rows, cols, tokens, rows % 3);
        CAPTURE(cols);
        CAPTURE(rows);
        CAPTURE(tokens);
        const std::vector<float> out = product.run();
        for (std::size_t t = 0; t < tokens; ++t)
          for (std::size_t r = 0; r < rows; ++r) {
            double error = 0;
            const double exact = product.exact(t, r, error);
            REQUIRE(std::abs(out[t * rows + r] - exact) <= error);
            REQUIRE(out[t * rows + r] == product.in_order(t, r));
          }
      }
}

TEST_CASE("bf16 dot: a token has the same bits alone, with other tokens, and for any range of rows") {
  if (!dot_kernels()) return;
  const moe::detail::FloatEnvironment environment;
  for (const std::size_t cols : all_columns) {
    const DotCase product(147, cols, 29, 1);
    CAPTURE(cols);
    const std::vector<float> together = product.run();
    std::vector<float> apart(together.size());
    for (std::uint32_t t = 0; t < product.tokens; ++t)
      for (const auto& [first, count] : {std::pair{0u, 5u}, std::pair{5u, 1u}, std::pair{6u, 141u}}) {
        MatmulArgs args = product.args(apart.data() + t * product.rows + first);
        args.weights += first * args.row_bytes;
        args.rows = count;
        args.tokens = 1;
        args.row_indices = &t;
        product.multiply(args);
      }
    REQUIRE(apart == together);
  }
}

TEST_CASE("bf16 dot: row indices select the activations, and only results are written") {
  if (!dot_kernels()) return;
  const DotCase product(9, 40, 7, 0);
  const std::vector<float> all = product.run();
  const std::uint32_t indices[] = {6, 0, 0, 3, 5};
  const std::size_t stride = product.rows + 3;
  std::vector<float> out(6 * stride, -1);
  MatmulArgs args = product.args(out.data());
  args.tokens = 5;
  args.row_indices = indices;
  args.out_stride = stride;
  product.multiply(args);
  for (std::size_t t = 0; t < 6; ++t)
    for (std::size_t r = 0; r < stride; ++r)
      CHECK(out[t * stride + r] == (t < 5 && r < product.rows ? all[indices[t] * product.rows + r] : -1.0f));
}

TEST_CASE("bf16 dot: activations are rounded to nearest even, and denormals become zero") {
  if (!dot_kernels()) return;
  std::vector<float> x = random_numbers(10007, 5);
  x.insert(x.end(), {0.0f, -0.0f, 1.00390625f, 1.01171875f, -1.00390625f, 3.4e38f,
                     std::numeric_limits<float>::infinity(), std::numeric_limits<float>::min()});
  const std::vector<std::uint16_t> expected = rounded(x);
  for (const std::size_t left_out : {0u, 1u, 5u, 16u, 31u}) {
    const std::size_t n = x.size() - left_out;
    std::vector<std::uint16_t> out(x.size(), 77);
    dot_kernels()->to_bf16(x.data(), out.data(), n);
    CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n), expected.begin()));
    for (std::size_t i = n; i < x.size(); ++i) CHECK(out[i] == 77);
  }
  const float denormals[] = {1e-39f, -1e-39f, std::numeric_limits<float>::denorm_min()};
  std::uint16_t out[3];
  dot_kernels()->to_bf16(denormals, out, 3);
  CHECK(out[0] == 0);
  CHECK(out[1] == 0x8000);
  CHECK(out[2] == 0);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  dot_kernels()->to_bf16(&nan, out, 1);
  CHECK(std::isnan(moe::detail::bf16_to_float(out[0])));
}

TEST_CASE(
    "bf16 dot: denormal weights, activations and products are zero under the default floating-point "
    "environment") {
  if (!dot_kernels()) return;
  const std::uint16_t tiny = 0x0001, one = 0x3f80, small = 0x1000;  // 9e-41, 1, 2.5e-29
  for (const auto& [weight, activation] :
       {std::pair{tiny, one}, std::pair{one, tiny}, std::pair{small, small}}) {
    float out = -1;
    const MatmulArgs args{.weights = reinterpret_cast<const std::byte*>(&weight),
                          .dtype = DType::bf16,
                          .row_bytes = 2,
                          .rows = 1,
                          .cols = 1,
                          .tokens = 1,
                          .x = nullptr,
                          .x_stride = 0,
                          .quants = nullptr,
                          .scales = nullptr,
                          .sums = nullptr,
                          .bf16 = &activation,
                          .row_indices = nullptr,
                          .out = &out,
                          .out_stride = 1};
    dot_kernels()->matmul[static_cast<std::size_t>(DType::bf16)](args);
    CHECK(out == 0);
  }
}
