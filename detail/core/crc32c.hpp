// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Updates the CRC register `crc` with `bytes`, by table lookups (slicing-by-8). The register is the inverted checksum.
std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t crc);

/// Updates the CRC register `crc` with the instruction of the processor, 8 bytes at a time. Requires has_crc32c_instruction().
/// Afterwards `bytes` holds the remaining bytes, fewer than 8.
std::uint32_t crc32c_by_instruction(std::span<const std::byte>& bytes, std::uint32_t crc);
bool has_crc32c_instruction();

/// The CRC-32C (Castagnoli polynomial, as in iSCSI, RFC 3720) of a sequence of bytes that ends with `bytes`; `before` is the
/// CRC-32C of the bytes in front.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "crc32c.ipp"
#endif
