// SPDX-License-Identifier: MIT
#include "detail/core/float_environment.hpp"
#include "detail/core/tensor.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/simd/isa.hpp"
#include "detail/simd/kernel_table.hpp"
#include "detail/simd/kernels.hpp"
#include "detail/model/compute.hpp"
#include "support/quantise.hpp"
#include "support/random_blocks.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace {

constexpr std::size_t weight_rows = 301, cols = 512, tokens = 23;

/// The products of one matrix with `tokens` inputs, computed `chunk` inputs at a time.
std::vector<float> products(const moe::Matrix& weights, const std::vector<float>& x, std::size_t threads,
                            std::size_t chunk,
                            const moe::detail::simd::Kernels& kernels = moe::detail::simd::kernels()) {
  moe::ThreadPool pool(threads);
  const moe::detail::Compute compute(pool, kernels);
  moe::detail::Arena arena(8 * x.size() + 4096);
  const moe::detail::QuantisedActivations memory(arena, x.size(), static_cast<bool>(kernels.to_bf16));
  std::vector<float> out(tokens * weight_rows);
  for (std::size_t token = 0; token < tokens; token += chunk) {
    const std::size_t count = std::min(chunk, tokens - token);
    compute.multiply({.weights = weights,
                      .input = compute.prepare(moe::detail::is_quantised(weights.dtype),
                                               x.data() + token * cols, cols, count, memory),
                      .tokens = count,
                      .out = out.data() + token * weight_rows,
                      .out_stride = weight_rows});
  }
  return out;
}

}  // namespace

TEST_CASE("compute: products of every type have the same bits for any number of threads and any chunk") {
  const moe::detail::FloatEnvironment environment;
  const std::vector<float> x = random_numbers(tokens * cols, 12);
  for (std::size_t i = 0; i < moe::detail::usable_dtypes; ++i) {
    const auto dtype = static_cast<moe::DType>(i);
    CAPTURE(moe::detail::name(dtype));
    const std::vector<std::byte> bytes = moe::detail::layout_of(dtype).elements > 1
                                             ? random_blocks(dtype, weight_rows * cols, 13, 1)
                                             : encode(dtype, random_numbers(weight_rows * cols, 13), 1);
    const moe::Matrix weights{bytes.data() + 1, dtype, weight_rows, cols};
    const std::vector<float> expected = products(weights, x, 1, 1);
    for (const std::size_t threads : {1u, 2u, 3u})
      for (const std::size_t chunk : {1u, 2u, 5u, 23u})
        CHECK(products(weights, x, threads, chunk) == expected);
  }
}

TEST_CASE(
    "compute: bf16 dot products change results of bf16 weights only, and give the same bits for any chunk") {
  const moe::detail::simd::Kernels* bf16_dot =
      moe::detail::simd::bf16_dot_kernels_for(moe::detail::simd::active_isa());
  if (!bf16_dot) return;
  const moe::detail::FloatEnvironment environment;
  const std::vector<float> x = random_numbers(tokens * cols, 12);
  for (const moe::DType dtype : {moe::DType::f32, moe::DType::f16, moe::DType::bf16, moe::DType::q8_0}) {
    CAPTURE(moe::detail::name(dtype));
    const std::vector<std::byte> bytes = moe::detail::layout_of(dtype).elements > 1
                                             ? random_blocks(dtype, weight_rows * cols, 13, 1)
                                             : encode(dtype, random_numbers(weight_rows * cols, 13), 1);
    const moe::Matrix weights{bytes.data() + 1, dtype, weight_rows, cols};
    const std::vector<float> expected = products(weights, x, 1, 1, *bf16_dot);
    CHECK((expected == products(weights, x, 1, 1)) == (dtype != moe::DType::bf16));
    for (const std::size_t threads : {1u, 2u, 3u})
      for (const std::size_t chunk : {2u, 5u, 23u})
        CHECK(products(weights, x, threads, chunk, *bf16_dot) == expected);
  }
}
