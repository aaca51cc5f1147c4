// SPDX-License-Identifier: MIT
#pragma once
#include "kernels.hpp"
#include "../core/blocks_of_32.hpp"
#include "../core/dtype.hpp"
#include "../core/error.hpp"
#include "../core/panels.hpp"
#include "../core/portable_math.hpp"
#include "../core/rounded.hpp"
#include "intrinsics.hpp"
#include "weight_tags.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

// Between MOE_BEGIN_ISA(features) and MOE_END_ISA functions may use the named instruction sets, whatever -march says. MSVC
// allows all intrinsics everywhere. Such a region includes fragments (.inl) only, never a header.
// MOE_UNROLL unrolls the loop that follows it, so that an array of vectors is held in registers.
// MOE_NOINLINE keeps one copy of a function that is large and not called often.
#define MOE_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define MOE_BEGIN_ISA(features) \
  MOE_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define MOE_END_ISA MOE_PRAGMA(clang attribute pop)
#define MOE_UNROLL MOE_PRAGMA(clang loop unroll(full))
#define MOE_NOINLINE __attribute__((noinline))
#elif defined(__GNUC__)
#define MOE_BEGIN_ISA(features) MOE_PRAGMA(GCC push_options) MOE_PRAGMA(GCC target(features))
#define MOE_END_ISA MOE_PRAGMA(GCC pop_options)
#define MOE_UNROLL MOE_PRAGMA(GCC unroll 16)
#define MOE_NOINLINE __attribute__((noinline))
#else
#define MOE_BEGIN_ISA(features)
#define MOE_END_ISA
#define MOE_UNROLL
#define MOE_NOINLINE
#endif

// GCC assumes that variables of 32 and 64 bytes are aligned on the stack, but on Windows aligns the stack to 16 bytes only (GCC
// bug 54412). In this unit, the assembler therefore writes moves that need no alignment in place of moves
// that need alignment.
#if defined(__GNUC__) && !defined(__clang__) && defined(_WIN64)
__asm__(
    ".ifndef moe_unaligned_moves\n"
    ".set moe_unaligned_moves, 1\n"
    ".macro vmovaps operands:vararg\n vmovups \\operands\n .endm\n"
    ".macro vmovapd operands:vararg\n vmovupd \\operands\n .endm\n"
    ".macro vmovdqa operands:vararg\n vmovdqu \\operands\n .endm\n"
    ".macro vmovdqa32 operands:vararg\n vmovdqu32 \\operands\n .endm\n"
    ".macro vmovdqa64 operands:vararg\n vmovdqu64 \\operands\n .endm\n"
    ".endif\n");
#endif

// GCC 12 warns of registers that avx512fintrin.h leaves uninitialised on purpose; the warning appears in the user's build.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace moe::inline MOE_ABI::detail::simd {

#if MOE_HEADER_ONLY  // see kernels.hpp
#if defined(__AVX512F__)
inline namespace built_for_avx512 {
#elif defined(__AVX2__)
inline namespace built_for_avx2 {
#else
inline namespace built_for_any {
#endif
#endif

/// How the rows of quantised weights lie: one after the other, or in panels.
struct RowsInOrder {};
struct RowsInPanels {};

/// The addresses of up to 16 quantised rows that lie `stride` bytes apart: row r begins at first[r % 4] + r / 4 · stride_4.
/// With x86 addressing modes four pointers and two strides address 16 rows without any arithmetic.
struct Int8Rows {
  Int8Rows(const std::byte* row, std::size_t stride)
      : first{row, row + stride, row + 2 * stride, row + 3 * stride},
        stride_4(4 * stride),
        stride_12(12 * stride) {}

  const std::byte* first[4];
  std::size_t stride_4, stride_12;
};

/// Requests the cache line of `at` into the second-level cache. Any address is allowed, readable or not.
/// Streams of weights, keys and values use this level: a request to the first level occupies one of its few miss buffers (24 on
/// Zen 4) until the data arrives, which limits a core to half of the bandwidth that the second level reaches; see
/// docs/measurements.md.
inline void prefetch_to_l2([[maybe_unused]] const std::byte* at) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(at, 0, 2);
#elif defined(MOE_X86)
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
#endif
}

/// Requests the cache line of `at` into the first-level cache, for data that the outer levels already hold.
inline void prefetch_to_l1([[maybe_unused]] const std::byte* at) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(at);
#elif defined(MOE_X86)
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T0);
#endif
}

namespace scalar {
#include "vec_scalar.inl"
#include "each_vector.inl"
#include "norms.inl"
#include "activations.inl"
#include "elementwise.inl"
#include "recurrent.inl"
#include "matmul.inl"
#include "matmul_decoded.inl"
#include "matmul_unpacked.inl"
#include "attention.inl"
#include "attention_rows.inl"
// Without vector instructions the tiles do not fit into registers. Unrolled loops would not be faster, and would make up a
// quarter of the code of all kernels.
#pragma push_macro("MOE_UNROLL")
#undef MOE_UNROLL
#define MOE_UNROLL
#include "int8_rows.inl"
#include "int8_scalar.inl"
#include "int8_unpack.inl"
#include "int8_tile.inl"
#include "matmul_int8.inl"
#pragma pop_macro("MOE_UNROLL")
#include "table.inl"
}  // namespace scalar

#if defined(MOE_ARM64) && !defined(MOE_NO_NEON)
// Clang 14 and 15 know no attribute for an architecture. With Clang, the attribute is therefore left out if -march already
// enables dotprod.
#if !defined(__clang__) || !defined(__ARM_FEATURE_DOTPROD)
MOE_BEGIN_ISA("arch=armv8.2-a+dotprod")
#endif
namespace neon {
#include "vec_neon.inl"
#include "each_vector.inl"
#include "norms.inl"
#include "activations.inl"
#include "elementwise.inl"
#include "recurrent.inl"
#include "matmul.inl"
#include "matmul_decoded.inl"
#include "matmul_unpacked.inl"
#include "attention.inl"
#include "attention_rows.inl"
#include "int8_rows.inl"
#include "int8_neon.inl"
#include "int8_unpack.inl"
#include "int8_tile.inl"
#include "matmul_int8.inl"
#include "table.inl"
}  // namespace neon
#if !defined(__clang__) || !defined(__ARM_FEATURE_DOTPROD)
MOE_END_ISA
#endif
#endif

#if defined(MOE_X86) && !defined(MOE_NO_AVX2)
MOE_BEGIN_ISA("avx2,fma,f16c")
namespace avx2 {
#include "vec_avx2.inl"
#include "each_vector.inl"
#include "norms.inl"
#include "activations.inl"
#include "elementwise.inl"
#include "recurrent.inl"
#include "matmul.inl"
#include "matmul_decoded.inl"
#include "matmul_unpacked.inl"
#include "attention.inl"
#include "attention_rows.inl"
#include "int8_rows.inl"
#include "int8_avx2.inl"
#include "int8_avx2_sum.inl"
#include "int8_unpack.inl"
#include "int8_tile.inl"
#include "matmul_int8.inl"
#include "table.inl"
}  // namespace avx2
MOE_END_ISA

MOE_BEGIN_ISA("avx2,fma,f16c,avxvnni")
namespace avx2::vnni {
#include "int8_rows.inl"
#include "int8_avx2.inl"
#include "int8_avx_vnni_sum.inl"
#include "int8_unpack.inl"
#include "int8_tile.inl"
#include "matmul_int8.inl"
}  // namespace avx2::vnni
MOE_END_ISA

namespace avx2 {
inline const Kernels& with_vnni() {
  static const Kernels table = [] {
    Kernels out = kernels;
    vnni::use_int8_products(out);
    return out;
  }();
  return table;
}
}  // namespace avx2
#endif

#if defined(MOE_X86) && !defined(MOE_NO_AVX512)
MOE_BEGIN_ISA("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")
namespace avx512 {
#include "vec_avx512.inl"
#include "each_vector.inl"
#include "norms.inl"
#include "activations.inl"
#include "elementwise.inl"
#include "recurrent.inl"
#include "matmul.inl"
#include "matmul_decoded.inl"
#include "matmul_unpacked.inl"
#include "attention.inl"
#include "attention_rows.inl"
#if defined(MOE_NO_AVX2)
using scalar::matmul_int8;
using scalar::multiply_int8;
#else
using avx2::matmul_int8;
using avx2::multiply_int8;
#endif
#include "table.inl"
}  // namespace avx512
MOE_END_ISA

// Quantised weights use 512-bit registers only with VNNI. Without VNNI, the table above has the kernels of AVX2, which give the
// same bits, or the scalar kernels if MOE_NO_AVX2 is defined.
MOE_BEGIN_ISA("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
namespace avx512::vnni {
#include "int8_rows.inl"
#include "int8_avx512.inl"
#include "int8_unpack.inl"
#include "int8_tile.inl"
#include "matmul_int8.inl"
}  // namespace avx512::vnni
MOE_END_ISA

MOE_BEGIN_ISA("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
namespace avx512::bf16_dot {
#include "bf16_dot.inl"
}  // namespace avx512::bf16_dot
MOE_END_ISA

namespace avx512 {
inline const Kernels& with_vnni() {
  static const Kernels table = [] {
    Kernels out = kernels;
    vnni::use_int8_products(out);
    return out;
  }();
  return table;
}

inline const Kernels& with_bf16_dot() {
  static const Kernels table = [] {
    Kernels out = cpu_has_avx512_vnni() ? with_vnni() : kernels;
    out.matmul[static_cast<std::size_t>(DType::bf16)] = bf16_dot::matmul_bf16_dot;
    out.to_bf16 = bf16_dot::to_bf16;
    return out;
  }();
  return table;
}
}  // namespace avx512
#endif

MOE_INLINE const Kernels& kernels_for(Isa isa, [[maybe_unused]] bool allow_vnni) {
  MOE_ASSERT(available(isa));
  switch (isa) {
#if defined(MOE_ARM64) && !defined(MOE_NO_NEON)
    case Isa::neon: return neon::kernels;
#endif
#if defined(MOE_X86) && !defined(MOE_NO_AVX2)
    case Isa::avx2: return allow_vnni && cpu_has_avx_vnni() ? avx2::with_vnni() : avx2::kernels;
#endif
#if defined(MOE_X86) && !defined(MOE_NO_AVX512)
    case Isa::avx512: return allow_vnni && cpu_has_avx512_vnni() ? avx512::with_vnni() : avx512::kernels;
#endif
    default: return scalar::kernels;
  }
}

MOE_INLINE const Kernels* bf16_dot_kernels_for([[maybe_unused]] Isa isa) {
#if defined(MOE_X86) && !defined(MOE_NO_AVX512)
  if (isa == Isa::avx512 && cpu_has_bf16_dot()) return &avx512::with_bf16_dot();
#endif
  return nullptr;
}

#if MOE_HEADER_ONLY
}  // inline namespace
#endif

}  // namespace moe::inline MOE_ABI::detail::simd

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace moe::inline MOE_ABI::detail::simd {

MOE_INLINE const Kernels& kernels() {
  static const Kernels& chosen = kernels_for(active_isa());
  return chosen;
}

MOE_INLINE Kernels with_int8_mxfp4(const Kernels& kernels) {
  Kernels out = kernels;
  out.matmul[static_cast<std::size_t>(DType::mxfp4)] = out.matmul_int8_mxfp4;
  out.int8_mxfp4 = true;
  return out;
}

MOE_INLINE const Kernels& int8_mxfp4_kernels(bool bf16_dot) {
  if (bf16_dot) {
    static const Kernels with_bf16_dot = with_int8_mxfp4(bf16_dot_kernels());
    return with_bf16_dot;
  }
  static const Kernels without = with_int8_mxfp4(kernels());
  return without;
}

MOE_INLINE const Kernels& bf16_dot_kernels() {
  const Kernels* chosen = bf16_dot_kernels_for(active_isa());
  if (!chosen) fail("bf16_dot", "instruction set", "avx512 with AVX512_BF16", name(active_isa()));
  return *chosen;
}

}  // namespace moe::inline MOE_ABI::detail::simd

#undef MOE_X86
#undef MOE_ARM64
#undef MOE_PRAGMA
#undef MOE_BEGIN_ISA
#undef MOE_END_ISA
#undef MOE_UNROLL
#undef MOE_NOINLINE
