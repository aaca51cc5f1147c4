#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Continues the remainder `crc` over `bytes` by tables (slicing-by-8).
std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t crc);

/// Continues the remainder `crc` by the processor's instruction, over as many bytes as it can take; `bytes` keeps the rest.
std::uint32_t crc32c_by_instruction(std::span<const std::byte>& bytes, std::uint32_t crc);
bool has_crc32c_instruction();

/// The CRC-32C of `bytes` (Castagnoli polynomial, as in iSCSI). `before`: the CRC-32C of the bytes in front of them.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "crc32c.ipp"
#endif
