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
  constexpr std::uint32_t i8 = 24;  // the type's number in GGUF files
  return {std::move(name), {end - begin}, ggml_type(i8), ggml_type(i8), file, begin};
}

}  // namespace moe::inline MOE_ABI::detail
