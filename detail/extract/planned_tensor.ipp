// SPDX-License-Identifier: MIT
#pragma once
#include "planned_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::uint64_t PlannedTensor::numbers() const {
  std::uint64_t out = 1;
  for (const std::uint64_t size : shape) out *= size;
  return out;
}

MOE_INLINE PlannedTensor planned_bytes(std::string name, std::size_t file, std::uint64_t begin,
                                       std::uint64_t end) {
  const GgmlType* type = ggml_type("I8");
  return {std::move(name), {end - begin}, type, type, file, begin};
}

}  // namespace moe::inline MOE_ABI::detail
