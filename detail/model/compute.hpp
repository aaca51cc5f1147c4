#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "../core/thread_pool.hpp"
#include "../simd/kernels.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The input of a matrix product: rows of activations [tokens, cols], as floats and, for quantised weights, as int8; for bf16
/// weights as bf16, if the kernels multiply so.
/// Made by Compute::prepare().
struct Activations {
  const float* x = nullptr;
  std::size_t stride = 0;               // from one row of x to the next
  const std::int8_t* quants = nullptr;  // [tokens, cols]
  const float* scales = nullptr;        // [tokens, cols / 32]
  const std::int16_t* sums = nullptr;   // [tokens, cols / 16]: of the quants
  const std::uint16_t* bf16 = nullptr;  // [tokens, cols]
};

/// Memory for the int8 form of activations and, if there is to be one, that in bf16.
struct QuantisedActivations {
  QuantisedActivations() = default;
  explicit QuantisedActivations(std::size_t numbers, bool as_bf16 = false);

  std::size_t bytes() const;

  Buffer<std::int8_t> quants;
  Buffer<float> scales;
  Buffer<std::int16_t> sums;
  Buffer<std::uint16_t> bf16;
};

/// One product of a parallel region: out[t, r] = weights[r, :] · x[rows[t], :] (+ bias[r]).
struct Product {
  Matrix weights;
  Activations input;
  std::size_t tokens = 0;
  float* out = nullptr;  // [tokens, weights.rows], rows out_stride apart
  std::size_t out_stride = 0;
  const std::uint32_t* row_indices = nullptr;  // [tokens]; null: token t is row t
  const float* bias = nullptr;                 // [weights.rows] or null
};

/// The kernels of an instruction set on the threads of a pool: the one door of the model to both.
/// What is computed does not depend on the number of threads: rows are handed out, sums never are.
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

  /// The input of products with x: [tokens, cols]. If `quantised`, also as int8 in `memory`, from `offset` on; cols is
  /// then a multiple of 32. Also as bf16 if the kernels take it.
  Activations prepare(bool quantised, const float* x, std::size_t cols, std::size_t tokens,
                      QuantisedActivations& memory, std::size_t offset = 0) const;

  /// A part of what prepare() does: `count` numbers of one row, from number `at` of the memory on; if `quantised`, count
  /// and `at` are multiples of 32.
  void prepare_numbers(bool quantised, const float* x, std::size_t count, QuantisedActivations& memory,
                       std::size_t at) const noexcept;

  /// What prepare() returns, once all parts are done.
  Activations prepared(bool quantised, const float* x, std::size_t cols, const QuantisedActivations& memory,
                       std::size_t offset = 0) const;

  /// Threads that wait, from now on, fetch what they will read first of the products with one token that come next: of the
  /// matrix `first`, and others after it, of `total_bytes` together. Null: they only wait.
  void expect(const Matrix* first, std::size_t total_bytes = 0) const;

  /// Computes all products in one parallel region. Then, in the same region, `then(product, first_row, rows)` for each
  /// finished piece of a product.
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

  void multiply_piece(const Product& p, std::size_t first, std::size_t rows) const noexcept;

  /// out[t, :] = rms_norm(x[t, :]). x, out: [tokens, weight.size()].
  void rms_norm(const float* x, const std::vector<float>& weight, float epsilon, float* out,
                std::size_t tokens) const;

  /// x[t, :] += y[t, :]. x, y: [tokens, n].
  void add(float* x, const float* y, std::size_t tokens, std::size_t n) const;

  /// How many rows of a product are handed out at once: about `share` of work, in bytes of weights times tokens, which is
  /// enough pieces to keep all threads busy to the end; but none of less than about 16 KiB, and whole tiles of 32 rows.
  static std::size_t piece_rows(const Product& product, std::size_t share);
  static std::size_t pieces(const Product& product, std::size_t share);

 private:
  static constexpr std::size_t tile_rows = 32;  // a multiple of what any kernel takes at once

  static std::size_t tiles(const Product& product);

  /// Products of one token each: bound by the memory that holds the weights, so each thread reads it in long runs.
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
