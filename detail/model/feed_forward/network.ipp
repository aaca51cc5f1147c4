// SPDX-License-Identifier: MIT
#pragma once
#include "network.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE NetworkBuffers::NetworkBuffers(const Workspace& space, const NetworkSpec& spec, std::size_t slots,
                                          std::size_t hidden)
    : NetworkBuffers(space, spec, slots, std::span<float>()) {
  result = space.arena.take<float>(slots * hidden);
}

MOE_INLINE NetworkBuffers::NetworkBuffers(const Workspace& space, const NetworkSpec& spec, std::size_t slots,
                                          std::span<float> results)
    : gate(space.arena.take<float>(slots * spec.width)),
      up(space.arena.take<float>(spec.gated() ? slots * spec.width : 0)),
      gated(space.arena, slots * spec.width, space.bf16_dot),
      result(results) {}

inline void activate(const simd::Kernels& kernels, const NetworkSpec& spec, float* gate, const float* up,
                     std::size_t n) noexcept {
  switch (spec.activation) {
    case Activation::silu: return kernels.silu_mul(gate, up, n);
    case Activation::gelu: return kernels.gelu_mul(gate, up, n);
    case Activation::clamped_silu: return kernels.clamped_silu_mul(gate, up, spec.limit, n);
    case Activation::relu_squared: return kernels.relu_squared(gate, n);
  }
}

/// The networks of one call of run_jobs().
class NetworkRun {
 public:
  NetworkRun(const Step& step, const NetworkSpec& spec, std::span<const NetworkJob> jobs,
             const Activations& input, std::span<const std::uint32_t> token_of, const NetworkBuffers& buffers,
             std::vector<Product>& products)
      : step_(step),
        spec_(spec),
        jobs_(jobs),
        input_(input),
        token_of_(token_of),
        b_(buffers),
        products_(products) {}

  void run() {
    multiply_gate_and_up();
    multiply_down();
  }

 private:
  /// gate[slot] = activation(gate · x, up · x), prepared as input of down, for all jobs in one parallel region.
  void multiply_gate_and_up() {
    products_.clear();
    for (const NetworkJob& job : jobs_) {
      const Matrix& first = spec_.gated() ? job.weights->gate : job.weights->up;
      products_.push_back({.weights = first,
                           .input = input_,
                           .tokens = job.count,
                           .out = b_.gate.data() + job.first * spec_.width,
                           .out_stride = spec_.width,
                           .row_indices = token_of_.empty() ? nullptr : token_of_.data() + job.first,
                           .bias = spec_.gated() ? job.weights->gate_bias : job.weights->up_bias});
    }
    step_.compute.multiply(
        products_, [&](const Product& product, std::size_t first, std::size_t rows) noexcept {
          finish(jobs_[static_cast<std::size_t>(&product - products_.data())], product, first, rows);
        });
  }

  /// For some computed rows of gate: computes the same rows of up and the activation, and prepares the input of down.
  void finish(const NetworkJob& job, const Product& gate, std::size_t first, std::size_t rows) noexcept {
    Product up = gate;
    if (spec_.gated()) {
      up.weights = job.weights->up;
      up.bias = job.weights->up_bias;
      up.out = b_.up.data() + job.first * spec_.width;
      step_.compute.multiply_piece(up, first, rows);
    }
    for (std::size_t i = 0; i < job.count; ++i) {
      const std::size_t at = i * spec_.width + first;
      activate(step_.kernels(), spec_, gate.out + at, up.out + at, rows);
      step_.compute.prepare_numbers(step_.kernels().takes_int8(job.weights->down.dtype), gate.out + at, rows,
                                    b_.gated, job.first * spec_.width + at);
    }
  }

  /// result[slot] = down · gate[slot], for all jobs in one parallel region.
  void multiply_down() {
    products_.clear();
    for (const NetworkJob& job : jobs_) {
      const Matrix& down = job.weights->down;
      const std::size_t at = job.first * spec_.width;
      products_.push_back({.weights = down,
                           .input = step_.compute.prepared(step_.kernels().takes_int8(down.dtype),
                                                           b_.gate.data() + at, spec_.width, b_.gated, at),
                           .tokens = job.count,
                           .out = b_.result.data() + job.first * down.rows,
                           .out_stride = down.rows,
                           .bias = job.weights->down_bias});
    }
    step_.compute.multiply(products_);
  }

  const Step& step_;
  const NetworkSpec& spec_;
  std::span<const NetworkJob> jobs_;
  const Activations& input_;
  std::span<const std::uint32_t> token_of_;
  const NetworkBuffers& b_;
  std::vector<Product>& products_;
};

MOE_INLINE void run_jobs(const Step& step, const NetworkSpec& spec, std::span<const NetworkJob> jobs,
                         const Activations& input, std::span<const std::uint32_t> token_of,
                         const NetworkBuffers& buffers, std::vector<Product>& products) {
  if (!jobs.empty()) NetworkRun(step, spec, jobs, input, token_of, buffers, products).run();
}

}  // namespace moe::inline MOE_ABI::detail
