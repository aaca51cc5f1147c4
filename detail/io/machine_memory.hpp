// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstdint>
#include <optional>

namespace moe::inline MOE_ABI::detail {

/// The number of bytes that this process can still allocate before the machine swaps or a limit of its cgroups is reached.
/// Empty if the system does not report the number.
std::optional<std::uint64_t> available_memory_bytes();

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "machine_memory.ipp"
#endif
