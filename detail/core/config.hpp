#pragma once
// Everything a user may configure. None of these options changes the layout of a type, so translation units with
// different options may be linked together.
//
//   MOE_ASSERT(condition)   what a broken precondition does; default: assert
//   MOE_NO_AVX2             leave these kernels out: smaller, faster to compile; the scalar ones always remain
//   MOE_NO_AVX512
//   MOE_NO_NEON
//   MOE_HEADER_ONLY         1, the default: every unit compiles the definitions that it uses. 0: headers only declare,
//                           and one source file of the program defines MOE_IMPLEMENTATION before it includes moe.hpp
//                           (the CMake target moe::compiled does both)

#define MOE_VERSION_MAJOR 0
#define MOE_VERSION_MINOR 1
#define MOE_VERSION_PATCH 0

// The inline namespace of everything in namespace moe: two versions of the library can then live in one program.
#define MOE_ABI v0_1

#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#error "moe needs C++20 (-std=c++20, /std:c++20)"
#endif
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ == 1)
#error "moe promises the same tokens on every run: build without -ffast-math and -ffinite-math-only"
#endif

#if !defined(MOE_ASSERT)
#include <cassert>
#define MOE_ASSERT(condition) assert(condition)
#endif

#if !defined(MOE_HEADER_ONLY)
#define MOE_HEADER_ONLY 1
#endif
// MOE_DEFINITIONS: whether headers (.hpp) end by including their definitions (.ipp), each of which is marked MOE_INLINE.
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
