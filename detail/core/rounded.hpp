// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

namespace moe::inline MOE_ABI::detail {

/// Returns `value`. A compiler does not look into the assembler statement, so that it neither fuses a product with the addition
/// that follows, a · b + c, nor reorders sums. A fused operation rounds once instead of twice. Whether a compiler fuses depends
/// on the compiler, its options and the processor; the bits of rounded(a · b) + c do not. MSVC fuses only with /fp:contract.
template <class Float>
Float rounded(Float value) {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
  __asm__("" : "+x"(value));
#elif defined(__GNUC__) && defined(__aarch64__)
  __asm__("" : "+w"(value));
#elif defined(__GNUC__)
  __asm__("" : "+m"(value));
#endif
  return value;
}

}  // namespace moe::inline MOE_ABI::detail
