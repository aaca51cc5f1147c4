// SPDX-License-Identifier: MIT
#pragma once
// The macros of the library. No option changes the layout of a type, so translation units with different options may be
// linked together.
//
// A user may define before the first include:
//   MOE_ASSERT(condition)   what a broken precondition does; default: assert
//   MOE_NO_AVX2             leaves out the kernels of the named instruction set, so that programs are smaller and compile
//                           faster; the scalar kernels always remain
//   MOE_NO_AVX512
//   MOE_NO_NEON
//   MOE_HEADER_ONLY         1, the default: every unit compiles the definitions that it uses. 0: headers only declare, and
//                           one source file of the program defines MOE_IMPLEMENTATION before it includes moe.hpp
//                           (the CMake target moe::compiled does both)
//   MOE_IMPLEMENTATION
//   MOE_ABI                 the inline namespace of all names of this version: two versions can be parts of one program.
//                           Another name keeps two copies of one version apart
//
// The headers define:
//   MOE_VERSION_MAJOR
//   MOE_VERSION_MINOR
//   MOE_VERSION_PATCH
//   MOE_DEFINITIONS         1 if headers (.hpp) end by including their definitions (.ipp), else 0
//   MOE_INLINE              stands before each of these definitions

#define MOE_VERSION_MAJOR 0
#define MOE_VERSION_MINOR 2
#define MOE_VERSION_PATCH 0

#if !defined(MOE_ABI)
#define MOE_ABI v0_2
#endif

#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#error "moe needs C++20 (-std=c++20, /std:c++20)"
#endif
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error \
    "moe uses weights as checkpoints store them, in little-endian order: build for a little-endian processor"
#endif
// Of the parts of -ffast-math, Clang shows only -ffinite-math-only in a macro.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ == 1) || \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(_M_FP_FAST)
#error \
    "-ffast-math, its parts such as -ffinite-math-only, and /fp:fast change the tokens: build moe without these options"
#endif

#if defined(__i386__) && !defined(__SSE2_MATH__)
#error "the x87 unit changes the tokens: build for 32-bit x86 with -msse2 -mfpmath=sse"
#endif

#if !defined(MOE_ASSERT)
#include <cassert>
#define MOE_ASSERT(condition) assert(condition)
#endif

#if !defined(MOE_HEADER_ONLY)
#define MOE_HEADER_ONLY 1
#endif
#if MOE_HEADER_ONLY
#define MOE_DEFINITIONS 1
#define MOE_INLINE inline
#else
#if defined(MOE_IMPLEMENTATION)
#define MOE_DEFINITIONS 1
#else
#define MOE_DEFINITIONS 0
#endif
#define MOE_INLINE
#endif
