#pragma once
#include "../core/config.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Spreads every bit over all others (the finaliser of MurmurHash3).
std::uint64_t mix(std::uint64_t x);

/// A hash for tables in memory; differs between machines of different byte order.
std::uint64_t hash_bytes(std::string_view bytes);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "hash.ipp"
#endif
