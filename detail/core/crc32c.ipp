// SPDX-License-Identifier: MIT
#pragma once
#include "crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace moe::inline MOE_ABI::detail {

/// The tables of slicing-by-8 (Kounavis & Berry 2005): tables[d][b] is the CRC register after byte b and d zero bytes.
MOE_INLINE const std::array<std::array<std::uint32_t, 256>, 8>& crc32c_tables() {
  static const auto tables = [] {
    constexpr std::uint32_t polynomial = 0x82f63b78;  // Castagnoli's, bits reversed
    std::array<std::array<std::uint32_t, 256>, 8> out;
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? polynomial : 0);
      out[0][byte] = crc;
    }
    for (std::size_t distance = 1; distance < 8; ++distance)
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t before = out[distance - 1][byte];
        out[distance][byte] = before >> 8 ^ out[0][before & 0xff];
      }
    return out;
  }();
  return tables;
}

MOE_INLINE std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t crc) {
  const auto& tables = crc32c_tables();
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    const std::uint32_t low = crc ^ (byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24);
    crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
          tables[4][low >> 24] ^ tables[3][byte(i + 4)] ^ tables[2][byte(i + 5)] ^ tables[1][byte(i + 6)] ^
          tables[0][byte(i + 7)];
  }
  for (; i < bytes.size(); ++i) crc = crc >> 8 ^ tables[0][(crc ^ byte(i)) & 0xff];
  return crc;
}

#if defined(__GNUC__) && defined(__x86_64__)

__attribute__((target("sse4.2"))) MOE_INLINE std::uint32_t crc32c_by_instruction(
    std::span<const std::byte>& bytes, std::uint32_t crc) {
  unsigned long long out = crc;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    unsigned long long eight;
    std::memcpy(&eight, bytes.data(), sizeof eight);
    out = __builtin_ia32_crc32di(out, eight);
  }
  return static_cast<std::uint32_t>(out);
}
MOE_INLINE bool has_crc32c_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}

#else

MOE_INLINE std::uint32_t crc32c_by_instruction(std::span<const std::byte>&, std::uint32_t crc) { return crc; }
MOE_INLINE bool has_crc32c_instruction() { return false; }

#endif

MOE_INLINE std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  if (has_crc32c_instruction()) crc = crc32c_by_instruction(bytes, crc);
  return ~crc32c_by_tables(bytes, crc);
}

}  // namespace moe::inline MOE_ABI::detail
