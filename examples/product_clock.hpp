// Times the matrix products of prompts from within.
#pragma once
#include "detail/core/stopwatch.hpp"
#include "detail/simd/kernel_table.hpp"
#include <moe.hpp>

#include <atomic>
#include <cstdint>

/// Kernels, but products of several tokens count their time and their operations. Those of one token are too short for a clock.
/// There is one such clock in a program, for the kernels that it is first asked for.
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

  /// Since reset(), of all threads together.
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
