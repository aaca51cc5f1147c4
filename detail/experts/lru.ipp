#pragma once
#include "lru.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI {

MOE_INLINE void Lru::resize(std::size_t experts) {
  heaps_.resize(experts);
  last_use_.resize(experts);
}

MOE_INLINE void Lru::insert(std::uint32_t expert, ExpertId, std::uint64_t) {
  heaps_.insert(candidates_, expert, static_cast<double>(last_use_[expert]));
}

}  // namespace moe::inline MOE_ABI
