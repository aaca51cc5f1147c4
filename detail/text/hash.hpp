// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The finaliser of MurmurHash3: a bijection in which every input bit affects every output bit.
inline std::uint64_t mix(std::uint64_t x) {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
  return x ^ x >> 33;
}

/// A number from up to 8 bytes. Different bytes of the same size give different numbers. Reads parts of constant size, which
/// may overlap.
inline std::uint64_t short_word(const char* data, std::size_t size) {
  if (size >= 4) {
    std::uint32_t first, last;
    std::memcpy(&first, data, 4);
    std::memcpy(&last, data + size - 4, 4);
    return first | std::uint64_t{last} << 32;
  }
  if (size == 0) return 0;
  const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(data[i])}; };
  return byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
}

/// A fast hash without a key. Only for caches, where a collision costs one miss: an attacker can choose texts that collide.
/// The value depends on the byte order of the machine.
inline std::uint64_t hash_bytes(std::string_view bytes) {
  const char* data = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t hash = left * 0x9e3779b97f4a7c15u;
  for (; left > 8; data += 8, left -= 8) {
    std::uint64_t eight;
    std::memcpy(&eight, data, 8);
    hash = mix(hash ^ eight);
  }
  return mix(hash ^ short_word(data, left));
}

/// The secret of a hash table whose keys come from a file. Nothing but the speed may depend on the secret.
struct HashKey {
  std::uint64_t first = 0, second = 0;
};

/// A key that the author of a file cannot predict: a mixture of the clocks and of addresses.
HashKey random_hash_key();

/// SipHash-1-3: without the key, colliding texts cannot be chosen in advance. The value depends on the byte order.
/// Source: Aumasson and Bernstein 2012, "SipHash: a fast short-input PRF".
std::uint64_t keyed_hash(std::string_view bytes, HashKey key);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "hash.ipp"
#endif
