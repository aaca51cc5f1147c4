// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "isa.hpp"
#include "kernel_table.hpp"

namespace moe::inline MOE_ABI::detail::simd {

#if MOE_HEADER_ONLY
// Units built for different CPUs must not share these inline functions: the linker keeps the copy of an arbitrary unit, which
// may contain instructions that this CPU does not have.
#if defined(__AVX512F__)
inline namespace built_for_avx512 {
#elif defined(__AVX2__)
inline namespace built_for_avx2 {
#else
inline namespace built_for_any {
#endif
#endif

/// The kernels of one instruction set. Precondition: available(isa).
/// Tests compare the kernels with and without VNNI; `allow_vnni` has no effect on a CPU without VNNI.
const Kernels& kernels_for(Isa isa, bool allow_vnni = true);

/// The kernels of one instruction set, with bf16 dot products for bf16 weights; null if the CPU or the set has no such
/// products.
const Kernels* bf16_dot_kernels_for(Isa isa);

#if MOE_HEADER_ONLY
}  // inline namespace
#endif

/// The kernels of active_isa(). Thread-safe.
const Kernels& kernels();

/// The kernels of active_isa(), with bf16 dot products for bf16 weights (ModelOptions::bf16_dot). Throws Error if the CPU or
/// the set has no such products.
const Kernels& bf16_dot_kernels();

/// A table of these kernels with int8 products for mxfp4 weights (ModelOptions::int8_mxfp4).
Kernels with_int8_mxfp4(const Kernels& kernels);

/// with_int8_mxfp4(bf16_dot_kernels()) if `bf16_dot`, otherwise with_int8_mxfp4(kernels()).
const Kernels& int8_mxfp4_kernels(bool bf16_dot);

}  // namespace moe::inline MOE_ABI::detail::simd

#if MOE_DEFINITIONS
#include "kernels.ipp"
#endif
