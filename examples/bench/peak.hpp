// SPDX-License-Identifier: MIT
// The peak rates of the machine: loops of multiply-adds in registers, and loops of reads.
#pragma once
#include <moe.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#define PEAK_X86 1
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__GNUC__)
#define PEAK_ARM64 1
#include <arm_neon.h>
#endif
#if defined(__clang__)
#define PEAK_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define PEAK_UNROLL _Pragma("GCC unroll 16")
#else
#define PEAK_UNROLL
#endif

// A loop over `chains` independent sums, which the compiler must not know to be equal. A pass counts one multiplication and
// one addition per number.
#define PEAK_LOOP(function, features, Register, chains, zero, step, numbers)    \
  features inline double function(std::size_t passes) {                         \
    Register sums[chains];                                                      \
    PEAK_UNROLL for (std::size_t i = 0; i < (chains); ++i) sums[i] = zero;      \
    PEAK_UNROLL for (std::size_t i = 0; i < (chains); ++i) peak::keep(sums[i]); \
    for (std::size_t pass = 0; pass < passes; ++pass) {                         \
      PEAK_UNROLL for (std::size_t i = 0; i < (chains); ++i) step;              \
    }                                                                           \
    PEAK_UNROLL for (std::size_t i = 0; i < (chains); ++i) peak::keep(sums[i]); \
    return 2.0 * (numbers) * (chains) * static_cast<double>(passes);            \
  }

namespace peak {

#if defined(PEAK_X86)
#define PEAK_AVX512 __attribute__((target("avx512f,avx512bw,avx512vnni,avx512bf16")))
#define PEAK_AVX2 __attribute__((target("avx2,fma")))
#define PEAK_AVX_VNNI __attribute__((target("avx2,avxvnni")))

PEAK_AVX512 inline void keep(__m512i& x) { __asm__ volatile("" : "+v"(x)); }
PEAK_AVX512 inline void keep(__m512& x) { __asm__ volatile("" : "+v"(x)); }
inline void keep(__m128i& x) { __asm__ volatile("" : "+x"(x)); }
inline void keep(__m128& x) { __asm__ volatile("" : "+x"(x)); }
PEAK_AVX2 inline void keep(__m256i& x) { __asm__ volatile("" : "+x"(x)); }
PEAK_AVX2 inline void keep(__m256& x) { __asm__ volatile("" : "+x"(x)); }
#elif defined(PEAK_ARM64)
#define PEAK_NEON __attribute__((target("arch=armv8.2-a+dotprod")))
PEAK_NEON inline void keep(int32x4_t& x) { __asm__ volatile("" : "+w"(x)); }
PEAK_NEON inline void keep(float32x4_t& x) { __asm__ volatile("" : "+w"(x)); }
#endif
template <class Number>
void keep(Number& x) {
  volatile Number unknown = x;
  x = unknown;
}

PEAK_LOOP(f32_plain, , float, 16, 1.0f, sums[i] = sums[i] * 0.5f + 1.0f, 1)
PEAK_LOOP(int_plain, , std::uint32_t, 16, 1u, sums[i] = sums[i] * 3u + 1u, 1)

#if defined(PEAK_X86)
PEAK_LOOP(int8_sse2, , __m128i, 12, _mm_setzero_si128(),
          (sums[i] = _mm_add_epi32(sums[i], _mm_madd_epi16(sums[i], sums[i]))), 8)
PEAK_LOOP(f32_sse2, , __m128, 12, _mm_setzero_ps(),
          (sums[i] = _mm_add_ps(_mm_mul_ps(sums[i], _mm_set1_ps(0.5f)), _mm_set1_ps(1))), 4)
PEAK_LOOP(int8_avx512, PEAK_AVX512, __m512i, 16, _mm512_setzero_si512(),
          sums[i] = _mm512_dpbusd_epi32(sums[i], _mm512_set1_epi8(3), _mm512_set1_epi8(5)), 64)
PEAK_LOOP(f32_avx512, PEAK_AVX512, __m512, 16, _mm512_setzero_ps(),
          sums[i] = _mm512_fmadd_ps(sums[i], _mm512_set1_ps(0.5f), _mm512_set1_ps(1)), 16)
PEAK_LOOP(bf16_avx512, PEAK_AVX512, __m512, 16, _mm512_setzero_ps(),
          sums[i] = _mm512_dpbf16_ps(sums[i], (__m512bh)_mm512_set1_epi16(1), (__m512bh)_mm512_set1_epi16(1)),
          32)
PEAK_LOOP(int8_avx2, PEAK_AVX2, __m256i, 12, _mm256_setzero_si256(),
          (sums[i] = _mm256_add_epi16(sums[i], _mm256_maddubs_epi16(sums[i], sums[i]))), 32)
PEAK_LOOP(int8_avx_vnni, PEAK_AVX_VNNI, __m256i, 12, _mm256_setzero_si256(),
          sums[i] = _mm256_dpbusd_avx_epi32(sums[i], _mm256_set1_epi8(3), _mm256_set1_epi8(5)), 32)
PEAK_LOOP(f32_avx2, PEAK_AVX2, __m256, 12, _mm256_setzero_ps(),
          sums[i] = _mm256_fmadd_ps(sums[i], _mm256_set1_ps(0.5f), _mm256_set1_ps(1)), 8)

PEAK_AVX512 inline void read_avx512(const std::byte* from, std::size_t bytes) {
  __m512i sums[4] = {};
  for (std::size_t at = 0; at < bytes; at += 256) {
    PEAK_UNROLL for (std::size_t i = 0; i < 4; ++i) sums[i] =
        _mm512_or_si512(sums[i], _mm512_loadu_si512(from + at + 64 * i));
  }
  PEAK_UNROLL for (std::size_t i = 0; i < 4; ++i) keep(sums[i]);
}
#elif defined(PEAK_ARM64)
PEAK_LOOP(int8_neon, PEAK_NEON, int32x4_t, 16, vdupq_n_s32(0),
          sums[i] = vdotq_s32(sums[i], vdupq_n_s8(3), vdupq_n_s8(5)), 16)
PEAK_LOOP(f32_neon, PEAK_NEON, float32x4_t, 16, vdupq_n_f32(0),
          sums[i] = vfmaq_f32(vdupq_n_f32(1), sums[i], vdupq_n_f32(0.5f)), 4)
#endif

/// Reads with the loads that the compiler chooses.
inline void read_plain(const std::byte* from, std::size_t bytes) {
  std::uint64_t sums[8] = {};
  for (std::size_t at = 0; at < bytes; at += 64) {
    std::uint64_t line[8];
    std::memcpy(line, from + at, sizeof line);
    for (std::size_t i = 0; i < 8; ++i) sums[i] |= line[i];
  }
  for (std::uint64_t& sum : sums) keep(sum);
}

/// A loop of `passes` passes; returns the number of operations.
using Loop = double (*)(std::size_t passes);

struct Loops {
  Loop int8 = nullptr, f32 = nullptr, bf16 = nullptr;  // bf16: null if the machine has no such instruction
};

/// The loops with the instructions that the kernels of `isa` use.
inline Loops loops_of(moe::detail::simd::Isa isa) {
  switch (isa) {
#if defined(PEAK_X86)
    case moe::detail::simd::Isa::avx512: {
      const bool vnni = moe::detail::simd::cpu_has_avx512_vnni(), bf16 = __builtin_cpu_supports("avx512bf16");
      return {vnni ? int8_avx512 : int8_avx2, f32_avx512, bf16 ? bf16_avx512 : nullptr};
    }
    case moe::detail::simd::Isa::avx2:
      return {moe::detail::simd::cpu_has_avx_vnni() ? int8_avx_vnni : int8_avx2, f32_avx2};
    default: return {int8_sse2, f32_sse2};  // every x86-64 has SSE2
#elif defined(PEAK_ARM64)
    default: return {int8_neon, f32_neon};
#else
    default: return {int_plain, f32_plain};
#endif
  }
}

/// Reads a multiple of 256 bytes in order, with the widest loads that the machine has.
inline void read(const std::byte* from, std::size_t bytes) {
#if defined(PEAK_X86)
  if (moe::detail::simd::available(moe::detail::simd::Isa::avx512)) return read_avx512(from, bytes);
#endif
  read_plain(from, bytes);
}

/// Reads a multiple of 256 bytes as four sequential runs at once, with prefetches 1 KiB ahead. One number of each cache line
/// is enough, since memory is transferred in lines.
inline void read_in_runs(const std::byte* from, std::size_t bytes) {
  std::uint64_t sums[4] = {};
  const std::size_t run = bytes / 4;
  for (std::size_t at = 0; at < run; at += 64) {
    PEAK_UNROLL for (std::size_t i = 0; i < 4; ++i) {
      std::uint64_t number;
#if defined(__GNUC__)
      __builtin_prefetch(from + i * run + at + 1024);
#endif
      std::memcpy(&number, from + i * run + at, sizeof number);
      sums[i] |= number;
    }
  }
  for (std::uint64_t& sum : sums) keep(sum);
}

}  // namespace peak
