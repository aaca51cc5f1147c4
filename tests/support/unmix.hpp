// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

/// The inverse of moe::detail::mix(). With it anybody can find inputs of equal hash, unless the hash depends on a secret key.
inline std::uint64_t unmix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0x9cb4b2f8129337dbu;  // the inverses of the factors, modulo 2^64
  x ^= x >> 33;
  x *= 0x4f74430c22a54005u;
  return x ^ x >> 33;
}
