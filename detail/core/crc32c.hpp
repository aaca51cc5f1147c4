// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Returns the CRC register after `bytes`, given the register `crc` before them, by table lookups (slicing-by-8). The
/// register is the inverted checksum.
std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t crc);

/// Returns the CRC register after the first bytes, a multiple of 8, with the instruction of the processor, and removes these
/// bytes from `bytes`, so that fewer than 8 remain. Requires has_crc32c_instruction().
std::uint32_t crc32c_by_instruction(std::span<const std::byte>& bytes, std::uint32_t crc);
bool has_crc32c_instruction();

/// The CRC-32C (Castagnoli polynomial, as in iSCSI, RFC 3720) of a sequence of bytes that ends with `bytes`; `before` is the
/// CRC-32C of the bytes in front.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "crc32c.ipp"
#endif
