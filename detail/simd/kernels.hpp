#pragma once
#include "../core/config.hpp"
#include "isa.hpp"
#include "kernel_table.hpp"

namespace moe::inline MOE_ABI::detail::simd {

#if MOE_HEADER_ONLY
// Units built for different CPUs must not share one copy of these functions: the linker would keep any of them.
#if defined(__AVX512F__)
inline namespace built_for_avx512 {
#elif defined(__AVX2__)
inline namespace built_for_avx2 {
#else
inline namespace built_for_any {
#endif
#endif

/// The kernels of one instruction set, which must be available(). `plain`: without VNNI even if the CPU has it.
const Kernels& kernels_for(Isa isa, bool plain = false);

/// The same with dot products of bf16; null if the CPU has none, or that instruction set. See ModelOptions::bf16_dot.
const Kernels* bf16_dot_kernels_for(Isa isa);

#if MOE_HEADER_ONLY
}  // inline namespace
#endif

/// The kernels of active_isa().
const Kernels& kernels();

/// The kernels of active_isa() that multiply bf16 weights in dot products of bf16. Throws if it has none.
const Kernels& bf16_dot_kernels();

}  // namespace moe::inline MOE_ABI::detail::simd

#if MOE_DEFINITIONS
#include "kernels.ipp"
#endif
