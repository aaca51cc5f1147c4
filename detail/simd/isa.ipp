// SPDX-License-Identifier: MIT
#pragma once
#include "isa.hpp"
#include "intrinsics.hpp"

#include <cstdlib>
#include <optional>

namespace moe::inline MOE_ABI::detail::simd {

#if defined(MOE_X86)

#if defined(_MSC_VER)
// A set is usable if CPUID reports the instructions and XCR0 shows that the system saves the registers: bits 1 and 2 (0x6)
// for ymm, bits 5 to 7 too (0xe6) for zmm and masks.
// Source: Intel Software Developer's Manual, volume 1, section "Detection of AVX-512 Foundation Instructions".
struct X86Features {
  bool avx2 = false, avx_vnni = false, avx512 = false, avx512_vnni = false, bf16_dot = false;
  X86Features() {
    int leaf1[4], leaf7[4], leaf7_1[4] = {};
    __cpuid(leaf1, 1);
    __cpuidex(leaf7, 7, 0);
    if (leaf7[0] >= 1) __cpuidex(leaf7_1, 7, 1);
    const auto has = [](int word, int bit) { return (word >> bit & 1) != 0; };
    const unsigned long long saved = has(leaf1[2], 27) ? _xgetbv(0) : 0;
    avx2 = (saved & 6) == 6 && has(leaf1[2], 12) && has(leaf1[2], 29) && has(leaf7[1], 5);
    avx512 = avx2 && (saved & 0xe6) == 0xe6 && has(leaf7[1], 16) && has(leaf7[1], 17) && has(leaf7[1], 30) &&
             has(leaf7[1], 31);
    avx_vnni = avx2 && has(leaf7_1[0], 4);
    avx512_vnni = avx512 && has(leaf7[2], 11);
    bf16_dot = avx512 && has(leaf7_1[0], 5);
  }
};
MOE_INLINE const X86Features& x86_features() {
  static const X86Features features;
  return features;
}
MOE_INLINE bool cpu_has_avx2() { return x86_features().avx2; }
MOE_INLINE bool cpu_has_avx512() { return x86_features().avx512; }
MOE_INLINE bool cpu_has_avx_vnni() { return x86_features().avx_vnni; }
MOE_INLINE bool cpu_has_avx512_vnni() { return x86_features().avx512_vnni; }
MOE_INLINE bool cpu_has_bf16_dot() { return x86_features().bf16_dot; }
#else
MOE_INLINE bool cpu_has_avx2() {
  // __builtin_cpu_supports of Clang 14 does not know F16C, but every CPU with AVX2 has F16C.
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
MOE_INLINE bool cpu_has_avx512() {
  return cpu_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
MOE_INLINE bool cpu_has_avx_vnni() {
  // CPUID leaf 7, subleaf 1, EAX bit 4, which __builtin_cpu_supports of Clang 14 does not know.
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return cpu_has_avx2() && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> 4 & 1) != 0;
}
MOE_INLINE bool cpu_has_avx512_vnni() { return cpu_has_avx512() && __builtin_cpu_supports("avx512vnni"); }
MOE_INLINE bool cpu_has_bf16_dot() { return cpu_has_avx512() && __builtin_cpu_supports("avx512bf16"); }
#endif

#elif defined(MOE_ARM64)

MOE_INLINE bool cpu_has_neon() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & (1 << 20)) != 0;  // HWCAP_ASIMDDP
#elif defined(__APPLE__)
  int has = 0;
  std::size_t size = sizeof has;
  return sysctlbyname("hw.optional.arm.FEAT_DotProd", &has, &size, nullptr, 0) == 0 && has != 0;
#else
  return true;  // assumed, not queried
#endif
}

#endif

MOE_INLINE bool available(Isa isa) {
  switch (isa) {
    case Isa::scalar: return true;
#if defined(MOE_ARM64) && !defined(MOE_NO_NEON)
    case Isa::neon: return cpu_has_neon();
#endif
#if defined(MOE_X86) && !defined(MOE_NO_AVX2)
    case Isa::avx2: return cpu_has_avx2();
#endif
#if defined(MOE_X86) && !defined(MOE_NO_AVX512)
    case Isa::avx512: return cpu_has_avx512();
#endif
    default: return false;
  }
}

MOE_INLINE Isa active_isa() {
  static const Isa chosen = [] {
    const char* wanted = std::getenv("MOE_ISA");
    if (wanted) {
      const std::optional<Isa> forced = isa_of(wanted);
      if (forced && available(*forced)) return *forced;
    }
    for (const Isa isa : {Isa::avx512, Isa::avx2, Isa::neon})
      if (available(isa)) return isa;
    return Isa::scalar;
  }();
  return chosen;
}

}  // namespace moe::inline MOE_ABI::detail::simd
