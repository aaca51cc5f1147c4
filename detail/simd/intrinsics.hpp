#pragma once

// The intrinsics of this machine's instruction sets. They must be known before any region of another set opens.

#if defined(__x86_64__) || defined(_M_X64)
#define MOE_X86 1

#if defined(__GNUC__) && __GNUC__ == 12 && !defined(__clang__) && !defined(_IMMINTRIN_H_INCLUDED)
// Of <immintrin.h> only what kernels need, which takes the compiler half of the time. Its parts refuse to be included by
// anything else, hence the macro, and need one another in this order. Each is read once, so that whoever includes
// <immintrin.h> later gets all the rest. Other versions may have other parts, and read all of it.
#define _IMMINTRIN_H_INCLUDED
// clang-format off
#include <xmmintrin.h>
#include <emmintrin.h>
#include <pmmintrin.h>
#include <tmmintrin.h>
#include <smmintrin.h>
#include <avxintrin.h>
#include <avx2intrin.h>
#include <f16cintrin.h>
#include <fmaintrin.h>
#include <avx512fintrin.h>
// Types that the next parts take from <avx512vlintrin.h> and <avx512bf16vlintrin.h>, which are long and not needed.
typedef unsigned int __mmask32;
typedef unsigned short __bfloat16;
typedef short __m256bh __attribute__((__vector_size__(32), __may_alias__));
#include <avx512bwintrin.h>
#include <avx512vnniintrin.h>
#include <avx512bf16intrin.h>
// clang-format on
#undef _IMMINTRIN_H_INCLUDED
#else
#include <immintrin.h>
#endif

#if defined(_MSC_VER)
#include <intrin.h>
#if defined(__clang__)  // clang-cl hides them behind /arch
#include <avx2intrin.h>
#include <avx512bf16intrin.h>
#include <avx512bwintrin.h>
#include <avx512dqintrin.h>
#include <avx512fintrin.h>
#include <avx512vlbwintrin.h>
#include <avx512vlintrin.h>
#include <avx512vnniintrin.h>
#include <avxintrin.h>
#include <f16cintrin.h>
#include <fmaintrin.h>
#endif
#endif

#elif defined(__aarch64__) || defined(_M_ARM64)
#define MOE_ARM64 1
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif
#endif
