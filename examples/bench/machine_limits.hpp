// SPDX-License-Identifier: MIT
// The limits of the machine for the threads of a pool.
#pragma once
#include <moe.hpp>

#include "detail/core/stopwatch.hpp"
#include "detail/io/pages.hpp"
#include "detail/simd/kernel_table.hpp"
#include "peak.hpp"

#include <cstddef>
#include <cstring>

/// The arithmetic of a matrix product, which determines its peak.
enum class Arithmetic { int8, f32, bf16_dot };

inline Arithmetic arithmetic_of(moe::DType type, const moe::detail::simd::Kernels& kernels) {
  if (type == moe::DType::bf16 && kernels.to_bf16) return Arithmetic::bf16_dot;
  return kernels.takes_int8(type) ? Arithmetic::int8 : Arithmetic::f32;
}

/// Rates per second of all threads of a pool together.
struct Limits {
  double read_bytes = 0;          // sequential reads; shares refer to this rate
  double read_in_runs_bytes = 0;  // four sequential runs at once, which are faster on some machines
  double int8_operations = 0, f32_operations = 0;  // a multiplication and an addition count as two
  double bf16_operations = 0;                      // of dot products; 0 if the machine has none

  double operations(Arithmetic arithmetic) const {
    if (arithmetic == Arithmetic::bf16_dot) return bf16_operations;
    return arithmetic == Arithmetic::int8 ? int8_operations : f32_operations;
  }
};

/// The mean of two measurements.
inline Limits between(const Limits& a, const Limits& b) {
  return {(a.read_bytes + b.read_bytes) / 2, (a.read_in_runs_bytes + b.read_in_runs_bytes) / 2,
          (a.int8_operations + b.int8_operations) / 2, (a.f32_operations + b.f32_operations) / 2,
          (a.bf16_operations + b.bf16_operations) / 2};
}

/// Memory that is too large for the caches, in huge pages like weights.
class UncachedMemory {
 public:
  explicit UncachedMemory(std::size_t bytes) : pages_(bytes) { std::memset(pages_.data(), 1, bytes); }

  const std::byte* data() const { return pages_.data(); }
  std::size_t bytes() const { return pages_.bytes(); }

 private:
  moe::detail::Pages pages_;
};

class MachineLimits {
 public:
  /// `pool` and `memory` must outlive the object. `isa`: the instructions to measure.
  MachineLimits(moe::ThreadPool& pool, const UncachedMemory& memory, moe::detail::simd::Isa isa)
      : pool_(&pool), memory_(&memory), loops_(peak::loops_of(isa)) {}

  /// Takes 20 to 100 ms.
  Limits measure() const {
    return {read_bytes(peak::read), read_bytes(peak::read_in_runs), operations(loops_.int8),
            operations(loops_.f32), loops_.bf16 ? operations(loops_.bf16) : 0};
  }

 private:
  double read_bytes(void (*read)(const std::byte*, std::size_t)) const {
    constexpr std::size_t piece = std::size_t{1} << 20;
    const moe::detail::Stopwatch stopwatch;
    pool_->for_each(memory_->bytes() / piece,
                    [&](std::size_t i, std::size_t) noexcept { read(memory_->data() + i * piece, piece); });
    return static_cast<double>(memory_->bytes() / piece * piece) / stopwatch.seconds();
  }

  double operations(peak::Loop loop) const {
    constexpr std::size_t passes = 5000;
    const std::size_t pieces = 10 * pool_->threads();
    double done = 0;
    const moe::detail::Stopwatch stopwatch;
    do {
      pool_->for_each(pieces, [&](std::size_t, std::size_t) noexcept { loop(passes); });
      done += static_cast<double>(pieces) * static_cast<double>(passes) * loop(1);
    } while (stopwatch.seconds() < 0.01);
    return done / stopwatch.seconds();
  }

  moe::ThreadPool* pool_;
  const UncachedMemory* memory_;
  peak::Loops loops_;
};
