// SPDX-License-Identifier: MIT
#pragma once
#include "float_environment.hpp"

#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#elif defined(_M_ARM64)
#include <intrin.h>
#endif

namespace moe::inline MOE_ABI::detail {

#if defined(__x86_64__) || defined(_M_X64)
// MXCSR: all exceptions masked (bits 7 to 12), denormal inputs are zero (6), denormal results are zero (15).
inline constexpr std::uint64_t wanted_float_state = 0x1f80 | 1 << 6 | 1 << 15;
MOE_INLINE std::uint64_t float_state() { return _mm_getcsr(); }
MOE_INLINE void set_float_state(std::uint64_t state) { _mm_setcsr(static_cast<unsigned>(state)); }
#elif defined(__aarch64__)
inline constexpr std::uint64_t wanted_float_state = 1 << 24;  // FPCR: flush to zero; all other bits are 0
MOE_INLINE std::uint64_t float_state() {
  std::uint64_t state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  return state;
}
MOE_INLINE void set_float_state(std::uint64_t state) { __asm__ volatile("msr fpcr, %0" : : "r"(state)); }
#elif defined(_M_ARM64)
inline constexpr std::uint64_t wanted_float_state = 1 << 24;
MOE_INLINE std::uint64_t float_state() { return static_cast<std::uint64_t>(_ReadStatusReg(ARM64_FPCR)); }
MOE_INLINE void set_float_state(std::uint64_t state) {
  _WriteStatusReg(ARM64_FPCR, static_cast<std::int64_t>(state));
}
#else
inline constexpr std::uint64_t wanted_float_state = 0;
MOE_INLINE std::uint64_t float_state() { return 0; }
MOE_INLINE void set_float_state(std::uint64_t) {}
#endif

MOE_INLINE FloatEnvironment::FloatEnvironment() : previous_(float_state()) {
  set_float_state(wanted_float_state);
}

MOE_INLINE FloatEnvironment::~FloatEnvironment() { set_float_state(previous_); }

}  // namespace moe::inline MOE_ABI::detail
