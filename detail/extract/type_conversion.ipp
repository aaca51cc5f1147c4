// SPDX-License-Identifier: MIT
#pragma once
#include "type_conversion.hpp"
#include "../core/dequantise.hpp"
#include "quantise.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::span<const std::byte> TypeConversion::convert(const PlannedTensor& tensor,
                                                              std::span<const std::byte> piece) {
  const std::size_t numbers = piece.size() / tensor.from->bytes * tensor.from->elements;
  numbers_.resize(numbers);
  stored_.resize(bytes_of(tensor.to->dtype, numbers));
  pool_.for_each((numbers + part - 1) / part, [&](std::size_t i, std::size_t) noexcept {
    const std::size_t begin = i * part, count = (std::min)(part, numbers - begin);
    const std::span<float> values = std::span(numbers_).subspan(begin, count);
    dequantise(Vector{piece.data() + bytes_of(tensor.from->dtype, begin), tensor.from->dtype, count}, values);
    quantise(
        values, tensor.to->dtype,
        std::span(stored_).subspan(bytes_of(tensor.to->dtype, begin), bytes_of(tensor.to->dtype, count)));
  });
  return stored_;
}

}  // namespace moe::inline MOE_ABI::detail
