// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

namespace moe::inline MOE_ABI::detail {

/// Returns `value`, and hides from the compiler how `value` was computed. In rounded(a · b) + c, the compiler can therefore not
/// fuse the product with the addition, which would round once instead of twice. Whether a compiler fuses a · b + c depends on
/// the compiler, its options and the processor. MSVC fuses only with /fp:contract, so this function does nothing there.
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
