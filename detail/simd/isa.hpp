#pragma once
#include "../core/config.hpp"

#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail::simd {

/// The instruction sets that kernels exist for, worst first.
///   neon    AArch64 with its dot product (ARMv8.2)
///   avx2    with FMA and F16C
///   avx512  F, BW, DQ and VL; with VNNI where the CPU has it, which changes the speed but no result. Products in bf16, which
///           have results of their own, are asked for: bf16_dot_kernels()
enum class Isa { scalar, neon, avx2, avx512 };

constexpr std::string_view name(Isa isa) {
  constexpr std::string_view names[] = {"scalar", "neon", "avx2", "avx512"};
  return names[static_cast<int>(isa)];
}

/// The instruction set of that name; nothing for an unknown one.
constexpr std::optional<Isa> isa_of(std::string_view wanted) {
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2, Isa::avx512})
    if (name(isa) == wanted) return isa;
  return {};
}

/// Whether this machine can run the kernels of `isa`, and they were compiled in.
bool available(Isa isa);

/// The best instruction set of this machine, or the one that the environment variable MOE_ISA names
/// (scalar, neon, avx2, avx512) if this machine has it. Decided once.
Isa active_isa();

}  // namespace moe::inline MOE_ABI::detail::simd

namespace moe::inline MOE_ABI::detail::simd::detail {

bool cpu_has_vnni();
bool cpu_has_bf16_dot();

}  // namespace moe::inline MOE_ABI::detail::simd::detail

#if MOE_DEFINITIONS
#include "isa.ipp"
#endif
