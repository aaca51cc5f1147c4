// SPDX-License-Identifier: MIT
#pragma once

// Includes the intrinsics of this platform and defines MOE_X86 or MOE_ARM64. Intrinsics headers must be included outside the
// regions of MOE_BEGIN_ISA, because the target attributes in the headers must not be nested in another region.

#if defined(__x86_64__) || defined(_M_X64)
#define MOE_X86 1
#include <immintrin.h>

#if defined(_MSC_VER)
#include <intrin.h>
#if defined(__clang__)  // immintrin.h of clang-cl includes these only if /arch allows the set
#include <avx2intrin.h>
#include <avx512bf16intrin.h>
#include <avx512bwintrin.h>
#include <avx512dqintrin.h>
#include <avx512fintrin.h>
#include <avx512vlbwintrin.h>
#include <avx512vlintrin.h>
#include <avx512vnniintrin.h>
#include <avxintrin.h>
#include <avxvnniintrin.h>
#include <f16cintrin.h>
#include <fmaintrin.h>
#endif
#else
#include <cpuid.h>
#endif

#elif defined(__aarch64__) || defined(_M_ARM64)
#define MOE_ARM64 1
#include <arm_neon.h>
// Clang before 16 declares the dot product only if the options of the compiler allow the instruction.
#if defined(__clang__) && __clang_major__ < 16 && !defined(__ARM_FEATURE_DOTPROD) && !defined(MOE_NO_NEON)
#define MOE_NO_NEON
#endif
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif
#endif
