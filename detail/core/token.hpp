// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstdint>

namespace moe::inline MOE_ABI {

/// The number of a token in a vocabulary.
using TokenId = std::uint32_t;

}  // namespace moe::inline MOE_ABI
