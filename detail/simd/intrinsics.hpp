#pragma once

// The intrinsics of this machine's instruction sets. They must be known before any region of another set opens.

#if defined(__x86_64__) || defined(_M_X64)
#define MOE_X86 1
#include <immintrin.h>

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
