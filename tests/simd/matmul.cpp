// SPDX-License-Identifier: MIT
#include "detail/simd/isa.hpp"
#include "detail/simd/kernel_table.hpp"
#include "detail/core/dequantise.hpp"
#include "detail/core/float_environment.hpp"
#include "detail/core/half.hpp"
#include "detail/core/panels.hpp"
#include "detail/simd/kernels.hpp"
#include "support/quantise.hpp"
#include "support/random_blocks.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

using moe::DType;
using moe::detail::simd::MatmulArgs;

namespace {

/// A product of random weights, `offset` bytes after an aligned address, with random activations.
struct ProductCase {
  ProductCase(DType type, std::size_t row_count, std::size_t col_count, std::size_t token_count,
              std::size_t offset, bool with_int8_mxfp4 = false)
      : int8_mxfp4(with_int8_mxfp4),
        dtype(type),
        rows(row_count),
        cols(col_count),
        tokens(token_count),
        x(random_numbers(tokens * cols, 7)),
        bytes(moe::detail::layout_of(type).elements > 1
                  ? random_blocks(type, rows * cols, 3, offset)
                  : encode(type, random_numbers(rows * cols, 3, 0.1f), offset)),
        weights(bytes.data() + offset),
        quants(x.size()),
        scales(x.size() / 32 + 1),
        sums(x.size() / 16 + 1) {
    if (takes_int8())
      moe::detail::simd::kernels().quantise(x.data(), quants.data(), scales.data(), sums.data(), x.size());
  }

  MatmulArgs args(float* out) const {
    return {.weights = weights,
            .dtype = dtype,
            .row_bytes = moe::detail::bytes_of(dtype, cols),
            .rows = rows,
            .cols = cols,
            .tokens = tokens,
            .x = x.data(),
            .x_stride = cols,
            .quants = quants.data(),
            .scales = scales.data(),
            .sums = sums.data(),
            .row_indices = nullptr,
            .out = out,
            .out_stride = rows};
  }

  void run(const moe::detail::simd::Kernels& kernels, const MatmulArgs& args) const {
    int8_mxfp4 ? kernels.matmul_int8_mxfp4(args) : kernels.matmul[static_cast<std::size_t>(dtype)](args);
  }

  bool takes_int8() const { return int8_mxfp4 || moe::detail::is_quantised(dtype); }

  /// The activation with index i, after quantisation if the kernel takes int8.
  double activation(std::size_t i) const {
    if (!takes_int8()) return double{x[i]};
    return quants[i] * double{scales[i / 32]};
  }

  std::vector<float> run() const {
    std::vector<float> out(tokens * rows, 1e30f);
    run(moe::detail::simd::kernels(), args(out.data()));
    return out;
  }

  /// The product in double precision, of the stored weights and of activation(). error: is set to a bound of the rounding error
  /// in single precision, which is in proportion to the sum of the magnitudes of all products.
  double exact(std::size_t token, std::size_t row, double& error) const {
    const std::vector<float> w =
        moe::detail::dequantise({weights + row * moe::detail::bytes_of(dtype, cols), dtype, cols});
    // With offsets, a weight is scale · number + offset. The kernel multiplies each term with the activation separately, and
    // each term may be larger than the weight.
    const float range = halves_of(dtype).size() > 1
                            ? *std::max_element(w.begin(), w.end()) - *std::min_element(w.begin(), w.end())
                            : 0;
    double sum = 0;
    error = 0;
    for (std::size_t c = 0; c < cols; ++c) {
      const double number = activation(token * cols + c);
      sum += w[c] * number;
      error += (std::abs(w[c]) + range) * std::abs(number);
    }
    error = error * 1e-6 + 1e-9;
    return sum;
  }

  bool int8_mxfp4;
  DType dtype;
  std::size_t rows, cols, tokens;
  std::vector<float> x;
  std::vector<std::byte> bytes;
  const std::byte* weights;
  std::vector<std::int8_t> quants;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;
};

std::vector<std::size_t> columns_of(DType dtype) {
  if (moe::detail::layout_of(dtype).elements == 256) return {256, 512, 768, 2048};
  if (moe::detail::layout_of(dtype).elements == 32) return {32, 64, 96, 288, 800, 2048};
  return {1, 3, 4, 7, 8, 15, 16, 17, 31, 37, 72, 129, 2048};
}

std::vector<DType> all_types() {
  std::vector<DType> out;
  for (std::size_t i = 0; i < moe::detail::usable_dtypes; ++i) out.push_back(static_cast<DType>(i));
  return out;
}

/// The bytes that fill a block with the smallest and with the largest unpacked number of a type.
std::vector<int> extremes_of(DType dtype) {
  if (dtype == DType::q8_0) return {0x80, 0x7f};
  if (dtype == DType::mxfp4) return {0xff, 0x77};
  if (halves_of(dtype).size() > 1) return {0xff};  // with offsets, the smallest number is 0: not extreme
  return {0x00, 0xff};
}

/// Blocks of `fill`, with scale 1 and without offsets.
std::vector<std::byte> uniform_row(DType dtype, std::size_t blocks, int fill) {
  const std::size_t bytes = moe::detail::layout_of(dtype).bytes;
  std::vector<std::byte> row(blocks * bytes, static_cast<std::byte>(fill));
  for (std::size_t at = 0; at < row.size(); at += bytes) {
    if (dtype == DType::mxfp4) row[at] = std::byte{128};
    if (dtype == DType::q6_k) std::fill_n(&row[at + 192], 16, std::byte{0x80});  // scales of -128
    float number = 1;
    for (const std::size_t half : halves_of(dtype)) {
      const std::uint16_t bits = moe::detail::float_to_f16(std::exchange(number, 0.0f));
      std::memcpy(&row[at + half], &bits, sizeof bits);
    }
  }
  return row;
}

/// The types that kernels multiply with integers.
std::vector<DType> quantised_types() {
  std::vector<DType> out = all_types();
  std::erase_if(out, [](DType dtype) { return !moe::detail::is_quantised(dtype); });
  return out;
}

}  // namespace

TEST_CASE(
    "matmul: every type, size and alignment gives the product up to rounding errors of single precision") {
  const moe::detail::FloatEnvironment environment;
  for (const DType dtype : all_types())
    for (const std::size_t cols : columns_of(dtype))
      for (const std::size_t rows : {1u, 2u, 3u, 4u, 5u, 8u, 15u, 16u, 17u, 33u}) {
        const ProductCase product(dtype, rows, cols, 6, rows % 3);
        CAPTURE(moe::detail::name(dtype));
        CAPTURE(cols);
        CAPTURE(rows);
        const std::vector<float> out = product.run();
        for (std::size_t t = 0; t < product.tokens; ++t)
          for (std::size_t r = 0; r < rows; ++r) {
            double error = 0;
            const double exact = product.exact(t, r, error);
            REQUIRE(std::abs(out[t * rows + r] - exact) <= error);
          }
      }
}

TEST_CASE("matmul: a token has the same bits alone, with other tokens, and for any range of rows") {
  const moe::detail::FloatEnvironment environment;
  for (const DType dtype : all_types())
    for (const std::size_t cols : columns_of(dtype)) {
      const ProductCase product(dtype, 37, cols, 19, 1);
      CAPTURE(moe::detail::name(dtype));
      CAPTURE(cols);
      const std::vector<float> together = product.run();
      std::vector<float> apart(together.size());
      for (std::uint32_t t = 0; t < product.tokens; ++t)
        for (const auto& [first, count] : {std::pair{0u, 5u}, std::pair{5u, 1u}, std::pair{6u, 31u}}) {
          MatmulArgs args = product.args(apart.data() + t * product.rows + first);
          args.weights += first * args.row_bytes;
          args.rows = count;
          args.tokens = 1;
          args.row_indices = &t;
          moe::detail::simd::kernels().matmul[static_cast<std::size_t>(dtype)](args);
        }
      REQUIRE(apart == together);
    }
}

TEST_CASE(
    "matmul: int8 products of mxfp4 have errors of single precision, and the same bits for a token alone") {
  const moe::detail::FloatEnvironment environment;
  for (const std::size_t cols : columns_of(DType::mxfp4))
    for (const std::size_t rows : {1u, 5u, 16u, 33u}) {
      const ProductCase product(DType::mxfp4, rows, cols, 6, rows % 3, true);
      CAPTURE(cols);
      CAPTURE(rows);
      const std::vector<float> out = product.run();
      std::vector<float> alone(rows), without_vnni(out.size());
      product.run(moe::detail::simd::kernels_for(moe::detail::simd::active_isa(), false),
                  product.args(without_vnni.data()));
      CHECK(without_vnni == out);
      for (std::uint32_t t = 0; t < product.tokens; ++t) {
        MatmulArgs args = product.args(alone.data());
        args.tokens = 1;
        args.row_indices = &t;
        product.run(moe::detail::simd::kernels(), args);
        for (std::size_t r = 0; r < rows; ++r) {
          double error = 0;
          const double exact = product.exact(t, r, error);
          REQUIRE(std::abs(out[t * rows + r] - exact) <= error);
          REQUIRE(alone[r] == out[t * rows + r]);
        }
      }
    }
}

TEST_CASE("matmul: kernels with and without VNNI give the same bits") {
  const moe::detail::FloatEnvironment environment;
  for (const DType dtype : quantised_types()) {
    CAPTURE(moe::detail::name(dtype));
    const ProductCase product(dtype, 37, moe::detail::layout_of(dtype).elements * 3, 6, 1);
    std::vector<float> without_vnni(product.tokens * product.rows);
    moe::detail::simd::kernels_for(moe::detail::simd::active_isa(), false)
        .matmul[static_cast<std::size_t>(dtype)](product.args(without_vnni.data()));
    CHECK(without_vnni == product.run());
  }
}

TEST_CASE("matmul: rows in panels give the same bits as rows in order") {
  const moe::detail::FloatEnvironment environment;
  for (const DType dtype : quantised_types())
    for (const std::size_t cols : columns_of(dtype))
      for (const std::size_t rows : {16u, 32u, 48u, 80u})
        for (const std::size_t tokens : {1u, 2u, 7u}) {
          const ProductCase product(dtype, rows, cols, tokens, 1);
          CAPTURE(moe::detail::name(dtype));
          CAPTURE(cols);
          CAPTURE(rows);
          CAPTURE(tokens);
          std::vector<std::byte> memory(product.bytes.size());
          const moe::Matrix panels =
              moe::detail::to_panels({product.weights, dtype, rows, cols}, memory.data() + 1);
          for (const bool allow_vnni : {false, true}) {
            std::vector<float> out(tokens * rows);
            MatmulArgs args = product.args(out.data());
            args.weights = panels.data;
            args.in_panels = true;
            moe::detail::simd::kernels_for(moe::detail::simd::active_isa(), allow_vnni)
                .matmul[static_cast<std::size_t>(dtype)](args);
            REQUIRE(out == product.run());
          }
        }
}

TEST_CASE("matmul: row indices select the activations of each token") {
  const ProductCase product(DType::bf16, 9, 40, 7, 0);
  const std::vector<float> all = product.run();
  const std::uint32_t indices[] = {6, 0, 0, 3, 5};
  std::vector<float> out(5 * product.rows);
  MatmulArgs args = product.args(out.data());
  args.tokens = 5;
  args.row_indices = indices;
  moe::detail::simd::kernels().matmul[static_cast<std::size_t>(DType::bf16)](args);
  for (std::size_t t = 0; t < 5; ++t)
    for (std::size_t r = 0; r < product.rows; ++r)
      CHECK(out[t * product.rows + r] == all[indices[t] * product.rows + r]);
}

TEST_CASE("matmul: integer sums are exact for the extreme numbers of each type and activations of 127") {
  // Any saturation of an intermediate sum would change the result.
  std::vector<DType> types = quantised_types();
  types.push_back(DType::mxfp4);
  for (const DType dtype : types)
    for (const int fill : extremes_of(dtype))
      for (const int sign : {1, -1})
        for (const std::size_t tokens : {1u, 5u}) {
          CAPTURE(moe::detail::name(dtype));
          CAPTURE(fill);
          ProductCase product(dtype, 1, 2 * moe::detail::layout_of(dtype).elements, tokens, 0,
                              dtype == DType::mxfp4);
          const std::vector<std::byte> row = uniform_row(dtype, 2, fill);
          std::fill(product.quants.begin(), product.quants.end(), static_cast<std::int8_t>(127 * sign));
          std::fill(product.scales.begin(), product.scales.end(), 1.0f);
          std::fill(product.sums.begin(), product.sums.end(), static_cast<std::int16_t>(127 * 16 * sign));
          const float weight = moe::detail::dequantise({row.data(), dtype, product.cols}).back();
          CHECK(std::abs(weight) >= 7);
          for (const bool allow_vnni : {false, true}) {
            std::vector<float> out(tokens);
            MatmulArgs args = product.args(out.data());
            args.weights = row.data();
            product.run(moe::detail::simd::kernels_for(moe::detail::simd::active_isa(), allow_vnni), args);
            const float exact = static_cast<float>(product.cols) * static_cast<float>(127 * sign) * weight;
            CHECK(out == std::vector<float>(tokens, exact));
          }
        }
}

TEST_CASE("matmul: mxfp4 numbers of all exponents are exact") {
  constexpr std::size_t row_bytes = 17, exponents = 253;  // from 0 to 252: all weights are finite
  std::vector<std::byte> weights(exponents * row_bytes);
  for (std::size_t e = 0; e < exponents; ++e)
    for (std::size_t i = 0; i < row_bytes; ++i)
      weights[e * row_bytes + i] = static_cast<std::byte>(i == 0 ? e : (i - 1) * 16 + (16 - i));
  for (const std::size_t tokens : {std::size_t{1}, std::size_t{4}})
    for (std::size_t column = 0; column < 32; ++column) {
      std::vector<float> x(tokens * 32), out(tokens * exponents);
      for (std::size_t t = 0; t < tokens; ++t) x[t * 32 + column] = 2;
      moe::detail::simd::kernels().matmul[static_cast<std::size_t>(DType::mxfp4)]({.weights = weights.data(),
                                                                                   .dtype = DType::mxfp4,
                                                                                   .row_bytes = row_bytes,
                                                                                   .rows = exponents,
                                                                                   .cols = 32,
                                                                                   .tokens = tokens,
                                                                                   .x = x.data(),
                                                                                   .x_stride = 32,
                                                                                   .quants = nullptr,
                                                                                   .scales = nullptr,
                                                                                   .sums = nullptr,
                                                                                   .row_indices = nullptr,
                                                                                   .out = out.data(),
                                                                                   .out_stride = exponents});
      for (std::size_t e = 0; e < exponents; ++e) {
        const float weight =
            moe::detail::dequantise({weights.data() + e * row_bytes, DType::mxfp4, 32})[column];
        for (std::size_t t = 0; t < tokens; ++t)
          if (out[t * exponents + e] != 2 * weight) FAIL("exponent ", e, ", column ", column);
      }
    }
}
