// SPDX-License-Identifier: MIT
// Single matrix products, by type and instruction set.
#pragma once
#include <moe.hpp>

#include "detail/core/panels.hpp"
#include "detail/core/stopwatch.hpp"
#include "detail/io/pages.hpp"
#include "detail/model/compute.hpp"
#include "detail/simd/kernel_table.hpp"
#include "measured_cases.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <vector>

/// Weights, activations and space for results. The bits of the weights are small finite numbers in every type.
class KernelData {
 public:
  static constexpr std::size_t cols = 2048, most_rows = 2048, most_tokens = 512;

  explicit KernelData(std::size_t weight_bytes)
      : weights(weight_bytes),
        x(most_tokens * cols),
        memory(8 * most_tokens * cols),
        quantised(memory, most_tokens * cols, true),
        out(most_tokens * most_rows * 16) {
    std::mt19937 random(1);
    auto* words = reinterpret_cast<std::uint32_t*>(weights.data());
    // Two bytes below 0x3c3c are a small f16 or bf16, and four such bytes are a small float.
    for (std::size_t i = 0; i < weights.bytes() / 4; ++i) words[i] = random() & 0x3b3b3b3b;
    for (float& number : x.span()) number = static_cast<float>(random() % 2001) / 1000 - 1;
  }

  moe::detail::Pages weights;
  moe::detail::Buffer<float> x;
  moe::detail::Arena memory;
  moe::detail::QuantisedActivations quantised;
  moe::detail::Buffer<float> out;
};

/// Which products read the same weights.
enum class Reuse {
  none,          // each product reads other weights, from memory
  each_region,   // each parallel region reads the weights of the region before it
  each_product,  // all products read one matrix, from the caches of each core
};

/// Products of `together` matrices [rows, 2048] with `tokens` vectors, in one parallel region.
struct ProductShape {
  const char* name;
  std::size_t rows, together, tokens;
  Reuse reuse;
  moe::Matrix::Order order = moe::Matrix::Order::rows;  // panels: only for types with panels
};

inline constexpr std::array product_shapes{
    ProductShape{"768 x 2048, 16 of a layer, 1 token", 768, 16, 1, Reuse::none},
    ProductShape{"768 x 2048, alone, 1 token", 768, 1, 1, Reuse::none},
    ProductShape{"256 x 2048, one 256 times from caches, 1 token", 256, 256, 1, Reuse::each_product},
    ProductShape{"the same in panels", 256, 256, 1, Reuse::each_product, moe::Matrix::Order::panels},
    ProductShape{"768 x 2048, 16 of a layer, 32 tokens", 768, 16, 32, Reuse::each_region},
    ProductShape{"2048 x 2048, 512 tokens", 2048, 1, 512, Reuse::each_region},
};

/// Whether matrices of the type can have the order of the shape.
inline bool is_possible(const ProductShape& shape, moe::DType type) {
  return shape.order == moe::Matrix::Order::rows ||
         moe::detail::fits_panels({nullptr, type, shape.rows, KernelData::cols});
}

/// The index of the matrix that product `i` reads of a region whose first matrix is `first`.
inline std::size_t matrix_index(Reuse reuse, std::size_t first, std::size_t i) {
  switch (reuse) {
    case Reuse::none: return first + i;
    case Reuse::each_region: return i;
    case Reuse::each_product: break;
  }
  return 0;
}

/// The seconds for the products with `matrices` matrices, which are neighbours in memory.
inline double time_products(KernelData& data, const moe::detail::Compute& compute, moe::DType type,
                            const ProductShape& shape, std::size_t matrices) {
  const moe::detail::Activations input = compute.prepare(compute.kernels().takes_int8(type), data.x.data(),
                                                         KernelData::cols, shape.tokens, data.quantised);
  std::vector<moe::detail::Product> products(shape.together);
  const moe::detail::Stopwatch stopwatch;
  for (std::size_t first = 0; first + shape.together <= matrices; first += shape.together) {
    for (std::size_t i = 0; i < shape.together; ++i) {
      moe::Matrix matrix{data.weights.data(), type, shape.rows, KernelData::cols, shape.order};
      matrix.data += matrix_index(shape.reuse, first, i) * matrix.bytes();
      products[i] = {.weights = matrix,
                     .input = input,
                     .tokens = shape.tokens,
                     .out = data.out.data() + i * shape.rows * shape.tokens,
                     .out_stride = shape.rows};
    }
    compute.multiply({products.data(), products.size()});
  }
  return stopwatch.seconds();
}

/// `kernels` must be the kernels of `isa`.
inline Case product_case(KernelData& data, moe::ThreadPool& pool, moe::detail::simd::Isa isa,
                         const moe::detail::simd::Kernels& kernels, moe::DType type,
                         const ProductShape& shape) {
  const double bytes_of_one = static_cast<double>(moe::detail::bytes_of(type, shape.rows * KernelData::cols));
  std::size_t regions = 2;
  if (shape.reuse == Reuse::none)
    regions =
        static_cast<std::size_t>(static_cast<double>(data.weights.bytes()) / bytes_of_one) / shape.together;
  const std::size_t matrices = regions * shape.together;
  Case out;
  out.name = std::string(moe::detail::simd::name(isa)) + ' ' + std::string(moe::detail::name(type)) + ' ' +
             shape.name;
  out.bytes = shape.reuse == Reuse::each_region ? 0 : bytes_of_one * static_cast<double>(matrices);
  out.operations = 2.0 * static_cast<double>(shape.rows * KernelData::cols * shape.tokens * matrices);
  out.arithmetic = arithmetic_of(type, kernels);
  out.threads = pool.threads();
  out.isa = isa;
  out.run = [&data, compute = moe::detail::Compute(pool, kernels), type, shape, matrices] {
    return time_products(data, compute, type, shape, matrices);
  };
  return out;
}

/// The instruction sets of the machine.
inline std::vector<moe::detail::simd::Isa> available_isas() {
  std::vector<moe::detail::simd::Isa> out;
  for (const auto isa : {moe::detail::simd::Isa::scalar, moe::detail::simd::Isa::neon,
                         moe::detail::simd::Isa::avx2, moe::detail::simd::Isa::avx512})
    if (moe::detail::simd::available(isa)) out.push_back(isa);
  return out;
}
