#pragma once
#include "hash.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::uint64_t mix(std::uint64_t x) {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
  return x ^ x >> 33;
}

MOE_INLINE std::uint64_t hash_bytes(std::string_view bytes) {
  const char* data = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t hash = left * 0x9e3779b97f4a7c15u;
  for (; left > 8; data += 8, left -= 8) {
    std::uint64_t eight;
    std::memcpy(&eight, data, 8);
    hash = mix(hash ^ eight);
  }
  // The last 1 to 8 bytes in reads of constant size, which may overlap.
  std::uint64_t tail = 0;
  if (left >= 4) {
    std::uint32_t first, last;
    std::memcpy(&first, data, 4);
    std::memcpy(&last, data + left - 4, 4);
    tail = first | std::uint64_t{last} << 32;
  } else if (left > 0) {
    const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(data[i])}; };
    tail = byte(0) | byte(left / 2) << 8 | byte(left - 1) << 16;
  }
  return mix(hash ^ tail);
}

}  // namespace moe::inline MOE_ABI::detail
