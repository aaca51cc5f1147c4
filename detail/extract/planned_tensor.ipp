#pragma once
#include "planned_tensor.hpp"

#include <cstdint>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::uint64_t PlannedTensor::numbers() const {
  std::uint64_t out = 1;
  for (const std::uint64_t size : shape) out *= size;
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
