#pragma once
#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#elif defined(_M_ARM64)
#include <intrin.h>
#endif

namespace moe {

/// While it lives, this thread rounds to nearest, traps nothing and treats denormal numbers as zero: results
/// must not depend on what the caller's program has set. The previous state comes back at the end.
class FloatEnvironment {
 public:
  FloatEnvironment() : previous_(read()) { write(wanted); }
  ~FloatEnvironment() { write(previous_); }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
#if defined(__x86_64__) || defined(_M_X64)
  // MXCSR: all exceptions masked (bits 7 to 12), denormal inputs are zero (6), denormal results are zero (15).
  static constexpr std::uint64_t wanted = 0x1f80 | 1 << 6 | 1 << 15;
  static std::uint64_t read() { return _mm_getcsr(); }
  static void write(std::uint64_t state) { _mm_setcsr(static_cast<unsigned>(state)); }
#elif defined(__aarch64__)
  static constexpr std::uint64_t wanted = 1 << 24;  // FPCR: flush to zero, everything else off
  static std::uint64_t read() {
    std::uint64_t state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  static void write(std::uint64_t state) { __asm__ volatile("msr fpcr, %0" : : "r"(state)); }
#elif defined(_M_ARM64)
  static constexpr std::uint64_t wanted = 1 << 24;
  static std::uint64_t read() { return static_cast<std::uint64_t>(_ReadStatusReg(ARM64_FPCR)); }
  static void write(std::uint64_t state) { _WriteStatusReg(ARM64_FPCR, static_cast<std::int64_t>(state)); }
#else
  static constexpr std::uint64_t wanted = 0;
  static std::uint64_t read() { return 0; }
  static void write(std::uint64_t) {}
#endif

  std::uint64_t previous_;
};

}  // namespace moe
