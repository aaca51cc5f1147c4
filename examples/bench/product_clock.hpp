// SPDX-License-Identifier: MIT
// The time that the kernels spend in the matrix products of prompts.
#pragma once
#include "detail/core/stopwatch.hpp"
#include "detail/simd/kernel_table.hpp"
#include <moe.hpp>

#include <atomic>
#include <cstdint>

/// Wraps kernels, and counts the time and the operations of products with several tokens. A product with one token is too
/// short for a clock. A program has one such clock, for the kernels of the first call.
class ProductClock {
 public:
  static const moe::detail::simd::Kernels& kernels(const moe::detail::simd::Kernels& real) {
    static const moe::detail::simd::Kernels timed = [&] {
      real_ = &real;
      moe::detail::simd::Kernels out = real;
      out.matmul.fill(multiply);
      return out;
    }();
    return timed;
  }

  static void reset() { nanoseconds_ = operations_ = 0; }

  /// The sums of all threads since reset().
  static double seconds() { return static_cast<double>(nanoseconds_) / 1e9; }
  static double operations() { return static_cast<double>(operations_); }

 private:
  static void multiply(const moe::detail::simd::MatmulArgs& a) {
    const auto real = real_->matmul[static_cast<std::size_t>(a.dtype)];
    if (a.tokens == 1) return real(a);
    const moe::detail::Stopwatch stopwatch;
    real(a);
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(stopwatch.seconds() * 1e9), std::memory_order_relaxed);
    operations_.fetch_add(2 * a.rows * a.cols * a.tokens, std::memory_order_relaxed);
  }

  static inline const moe::detail::simd::Kernels* real_ = nullptr;
  static inline std::atomic<std::uint64_t> nanoseconds_ = 0, operations_ = 0;
};
