// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "../core/thread_pool.hpp"
#include "../simd/kernels.hpp"
#include "arena.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The input of matrix products: activations [tokens, cols] as floats; also as int8 for weights whose kernels take int8
/// (Kernels::takes_int8); and also as bf16 for bf16 weights if the kernels have bf16 dot products. Made by Compute::prepare().
struct Activations {
  const float* x = nullptr;
  std::size_t stride = 0;               // floats from one row of x to the next
  const std::int8_t* quants = nullptr;  // [tokens, cols]
  const float* scales = nullptr;        // [tokens, cols / 32]
  const std::int16_t* sums = nullptr;   // [tokens, cols / 16]: sums of 16 quants
  const std::uint16_t* bf16 = nullptr;  // [tokens, cols]
};

/// Memory for activations as int8 and, with as_bf16, as bf16.
struct QuantisedActivations {
  QuantisedActivations() = default;
  QuantisedActivations(Arena& arena, std::size_t numbers, bool as_bf16);

  std::span<std::int8_t> quants;
  std::span<float> scales;
  std::span<std::int16_t> sums;
  std::span<std::uint16_t> bf16;
};

/// One product of a parallel region: out[t, r] = weights[r, :] · x[row_indices[t], :] (+ bias[r]).
struct Product {
  Matrix weights;
  Activations input;
  std::size_t tokens = 0;
  float* out = nullptr;  // [tokens, weights.rows], rows out_stride apart
  std::size_t out_stride = 0;
  const std::uint32_t* row_indices = nullptr;  // [tokens]; null: row_indices[t] = t
  Vector bias = {};                            // [weights.rows], f32, f16 or bf16; or empty
};

/// A view of `numbers`, for Product::bias.
inline Vector as_vector(const std::vector<float>& numbers) {
  return {reinterpret_cast<const std::byte*>(numbers.data()), DType::f32, numbers.size()};
}

/// The kernels of one instruction set on the threads of a pool. The results do not depend on the number of threads: threads
/// share the rows of a product, and one thread computes each sum.
class Compute {
 public:
  explicit Compute(ThreadPool& pool, const simd::Kernels& kernels = simd::kernels());

  const simd::Kernels& kernels() const { return *kernels_; }
  std::size_t threads() const { return pool_->threads(); }

  /// Calls task(item, worker) for all items, in parallel; see ThreadPool::for_each.
  template <class Task>
  void for_each(std::size_t items, Task&& task) const {
    pool_->for_each(items, std::forward<Task>(task));
  }

  /// Calls task(first, count, worker) for ranges of the items, in parallel; see ThreadPool::for_each_range.
  template <class Task>
  void for_each_range(std::size_t items, Task&& task) const {
    pool_->for_each_range(items, std::forward<Task>(task));
  }

  /// Makes x, [tokens, cols], an input of products: with `quantised` also as int8, for which cols must be a multiple of 32,
  /// and as bf16 if the kernels have bf16 dot products. These forms are stored in `memory` from number `offset` on.
  Activations prepare(bool quantised, const float* x, std::size_t cols, std::size_t tokens,
                      const QuantisedActivations& memory, std::size_t offset = 0) const;

  /// A part of prepare(): `count` numbers x, stored in `memory` from number `at` on. With `quantised`, count and `at` are
  /// multiples of 32.
  void prepare_numbers(bool quantised, const float* x, std::size_t count, const QuantisedActivations& memory,
                       std::size_t at) const noexcept;

  /// The result of prepare() for numbers that prepare_numbers() has already stored in `memory`.
  Activations prepared(bool quantised, const float* x, std::size_t cols, const QuantisedActivations& memory,
                       std::size_t offset = 0) const;

  /// Announces the weights of the next products with one token: `total_bytes` from the start of the matrix `first` on. Waiting
  /// threads prefetch the first part of their share of these bytes. first: null for no prefetch.
  void expect(const Matrix* first, std::size_t total_bytes = 0) const;

  /// Computes all products in one parallel region, and calls then(product, first_row, rows) in the same region for each
  /// computed piece of a product. The calls run concurrently; `then` is noexcept.
  template <class Then>
  void multiply(std::span<const Product> products, Then then) const {
    bool of_one_token = true;
    for (const Product& product : products) of_one_token = of_one_token && product.tokens == 1;
    if (of_one_token) return multiply_vectors(products, then);
    std::size_t work = 0, items = 0;
    for (const Product& product : products) work += product.weights.bytes() * product.tokens;
    const std::size_t share = work / (16 * threads());
    for (const Product& product : products) items += pieces(product, share);
    for_each(items, [&](std::size_t item, std::size_t) noexcept {
      const Product* product = products.data();
      while (item >= pieces(*product, share)) item -= pieces(*product++, share);
      const std::size_t first = item * piece_rows(*product, share);
      const std::size_t rows = std::min(piece_rows(*product, share), product->weights.rows - first);
      multiply_piece(*product, first, rows);
      then(*product, first, rows);
    });
  }

  void multiply(std::span<const Product> products) const;
  void multiply(const Product& product) const { multiply({&product, 1}); }

  /// Computes the rows [first, first + rows) of a product on the calling thread.
  void multiply_piece(const Product& p, std::size_t first, std::size_t rows) const noexcept;

  /// x[t, :] += factor · y[t, :]. x, y: [tokens, n].
  void add(float* x, const float* y, std::size_t tokens, std::size_t n, float factor = 1) const;

  /// x[t, :] += bias for each of `tokens` rows, stride apart, and the elements [first, first + n) of the bias.
  void add_bias(float* x, std::size_t stride, std::size_t tokens, const Vector& bias, std::size_t first,
                std::size_t n) const noexcept;

  /// The rows of one work item: about `share` of the work, in bytes of weights times tokens, so that all threads finish
  /// together; but at least about 16 KiB of weights, and whole tiles of 32 rows.
  static std::size_t piece_rows(const Product& product, std::size_t share);
  static std::size_t pieces(const Product& product, std::size_t share);

 private:
  static constexpr std::size_t tile_rows = 32;  // a multiple of the rows that any kernel computes together

  static std::size_t tiles(const Product& product);

  /// Products of one token each. Memory bandwidth limits them, so each thread reads long runs of weights.
  template <class Then>
  void multiply_vectors(std::span<const Product> products, Then& then) const {
    std::size_t items = 0;
    for (const Product& product : products) items += tiles(product);
    pool_->for_each_range(items, [&](std::size_t first, std::size_t count, std::size_t) noexcept {
      const Product* product = products.data();
      for (; first >= tiles(*product); ++product) first -= tiles(*product);
      for (; count > 0; ++product, first = 0) {
        const std::size_t here = std::min(count, tiles(*product) - first);
        const std::size_t row = first * tile_rows;
        const std::size_t rows = std::min(here * tile_rows, product->weights.rows - row);
        multiply_piece(*product, row, rows);
        then(*product, row, rows);
        count -= here;
      }
    });
  }

  ThreadPool* pool_;
  const simd::Kernels* kernels_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "compute.ipp"
#endif
