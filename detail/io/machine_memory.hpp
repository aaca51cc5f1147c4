#pragma once
#include "../core/config.hpp"

#include <cstdint>
#include <optional>

namespace moe::inline MOE_ABI::detail {

/// How many bytes of memory this process may still take before the machine has to swap, or its cgroup refuses. Nothing if
/// the system does not say.
std::optional<std::uint64_t> available_memory_bytes();

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "machine_memory.ipp"
#endif
