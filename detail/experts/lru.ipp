// SPDX-License-Identifier: MIT
#pragma once
#include "lru.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI {

MOE_INLINE void Lru::resize(std::size_t experts, std::size_t) {
  candidates_.resize(experts);
  last_use_.resize(experts);
}

}  // namespace moe::inline MOE_ABI
