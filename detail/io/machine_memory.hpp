// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstdint>
#include <optional>

namespace moe::inline MOE_ABI::detail {

/// An estimate of the number of bytes that this process can still allocate before the machine swaps, or before the process
/// reaches a memory limit of its cgroups. Empty if the system does not report such a number. On macOS the estimate is three
/// quarters of the physical memory.
std::optional<std::uint64_t> available_memory_bytes();

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "machine_memory.ipp"
#endif
