// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail::simd {

/// The instruction sets that have kernels, slowest first.
///   scalar  plain C++
///   neon    AArch64 with the dot product instructions of ARMv8.2
///   avx2    AVX2 with FMA and F16C
///   avx512  AVX-512 F, BW, DQ and VL. Bf16 dot products give other bits and are therefore used on request only:
///           bf16_dot_kernels().
/// avx2 uses AVX-VNNI and avx512 uses AVX512_VNNI where the CPU has these instructions: faster, with the same bits.
enum class Isa { scalar, neon, avx2, avx512 };

constexpr std::string_view name(Isa isa) {
  constexpr std::string_view names[] = {"scalar", "neon", "avx2", "avx512"};
  return names[static_cast<int>(isa)];
}

/// The instruction set of this name, or nothing if the name is unknown.
constexpr std::optional<Isa> isa_of(std::string_view wanted) {
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2, Isa::avx512})
    if (name(isa) == wanted) return isa;
  return {};
}

/// Whether the kernels of `isa` were compiled and this CPU and operating system can run them.
bool available(Isa isa);

/// The instruction set that the environment variable MOE_ISA names (scalar, neon, avx2, avx512), if this set is available;
/// otherwise the best available set. The choice is made at the first call and never changes. Thread-safe.
Isa active_isa();

bool cpu_has_avx_vnni();
bool cpu_has_avx512_vnni();
bool cpu_has_bf16_dot();

}  // namespace moe::inline MOE_ABI::detail::simd

#if MOE_DEFINITIONS
#include "isa.ipp"
#endif
