// SPDX-License-Identifier: MIT
#pragma once
#include "compute.hpp"
#include "../core/dequantise.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE QuantisedActivations::QuantisedActivations(Arena& arena, std::size_t numbers, bool as_bf16)
    : quants(arena.take<std::int8_t>(numbers)),
      scales(arena.take<float>(numbers / 32 + 1)),
      sums(arena.take<std::int16_t>(numbers / 16 + 1)),
      bf16(arena.take<std::uint16_t>(as_bf16 ? numbers : 0)) {}

MOE_INLINE Compute::Compute(ThreadPool& pool, const simd::Kernels& kernels)
    : pool_(&pool), kernels_(&kernels) {}

MOE_INLINE Activations Compute::prepare(bool quantised, const float* x, std::size_t cols, std::size_t tokens,
                                        const QuantisedActivations& memory, std::size_t offset) const {
  if (quantised || kernels_->to_bf16)
    for_each(tokens, [&](std::size_t t, std::size_t) noexcept {
      prepare_numbers(quantised, x + t * cols, cols, memory, offset + t * cols);
    });
  return prepared(quantised, x, cols, memory, offset);
}

MOE_INLINE void Compute::prepare_numbers(bool quantised, const float* x, std::size_t count,
                                         const QuantisedActivations& memory, std::size_t at) const noexcept {
  if (kernels_->to_bf16) kernels_->to_bf16(x, memory.bf16.data() + at, count);
  if (!quantised) return;
  MOE_ASSERT(count % 32 == 0 && at % 32 == 0 && at + count <= memory.quants.size());
  kernels_->quantise(x, memory.quants.data() + at, memory.scales.data() + at / 32,
                     memory.sums.data() + at / 16, count);
}

MOE_INLINE Activations Compute::prepared(bool quantised, const float* x, std::size_t cols,
                                         const QuantisedActivations& memory, std::size_t offset) const {
  Activations out{.x = x, .stride = cols};
  if (kernels_->to_bf16) out.bf16 = memory.bf16.data() + offset;
  if (!quantised) return out;
  out.quants = memory.quants.data() + offset;
  out.scales = memory.scales.data() + offset / 32;
  out.sums = memory.sums.data() + offset / 16;
  return out;
}

MOE_INLINE void Compute::expect(const Matrix* first, std::size_t total_bytes) const {
  pool_->read_ahead(first ? first->data : nullptr, total_bytes);
}

MOE_INLINE void Compute::multiply(std::span<const Product> products) const {
  multiply(products, [](const Product&, std::size_t, std::size_t) noexcept {});
}

MOE_INLINE void Compute::multiply_piece(const Product& p, std::size_t first,
                                        std::size_t rows) const noexcept {
  MOE_ASSERT(p.weights.dtype != DType::other && first + rows <= p.weights.rows);
  const simd::MatmulArgs args{.weights = p.weights.data + first * p.weights.row_bytes(),
                              .dtype = p.weights.dtype,
                              .row_bytes = p.weights.row_bytes(),
                              .rows = rows,
                              .cols = p.weights.cols,
                              .tokens = p.tokens,
                              .in_panels = p.weights.order == Matrix::Order::panels,
                              .x = p.input.x,
                              .x_stride = p.input.stride,
                              .quants = p.input.quants,
                              .scales = p.input.scales,
                              .sums = p.input.sums,
                              .bf16 = p.input.bf16,
                              .row_indices = p.row_indices,
                              .out = p.out + first,
                              .out_stride = p.out_stride};
  kernels_->matmul[static_cast<std::size_t>(p.weights.dtype)](args);
  if (p.bias.size > 0) add_bias(args.out, p.out_stride, p.tokens, p.bias, first, rows);
}

MOE_INLINE void Compute::add(float* x, const float* y, std::size_t tokens, std::size_t n,
                             float factor) const {
  for_each(tokens, [&](std::size_t t, std::size_t) noexcept {
    kernels_->add_scaled(x + t * n, y + t * n, factor, n);
  });
}

MOE_INLINE void Compute::add_bias(float* x, std::size_t stride, std::size_t tokens, const Vector& bias,
                                  std::size_t first, std::size_t n) const noexcept {
  const std::size_t item_bytes = bytes_of(bias.dtype, 1);
  for (std::size_t done = 0; done < n; done += 64) {
    float numbers[64];
    const std::size_t count = std::min<std::size_t>(64, n - done);
    dequantise({bias.data + (first + done) * item_bytes, bias.dtype, count}, {numbers, count});
    for (std::size_t t = 0; t < tokens; ++t)
      kernels_->add_scaled(x + t * stride + done, numbers, 1.0f, count);
  }
}

MOE_INLINE std::size_t Compute::piece_rows(const Product& product, std::size_t share) {
  const std::size_t row_bytes = product.weights.row_bytes() + 1;
  const std::size_t even = share / (row_bytes * std::max(product.tokens, std::size_t{1}));
  const std::size_t least = (std::size_t{16} << 10) / row_bytes;
  return (std::max(even, least) + tile_rows) / tile_rows * tile_rows;
}

MOE_INLINE std::size_t Compute::pieces(const Product& product, std::size_t share) {
  const std::size_t rows = piece_rows(product, share);
  return (product.weights.rows + rows - 1) / rows;
}

MOE_INLINE std::size_t Compute::tiles(const Product& product) {
  return (product.weights.rows + tile_rows - 1) / tile_rows;
}

}  // namespace moe::inline MOE_ABI::detail
