// SPDX-License-Identifier: MIT
#pragma once
#include "expert_location.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::array<const MatrixLocation*, expert_parts> parts_of(const ExpertLocation& location) {
  return {&location.gate,      &location.up,      &location.down,
          &location.gate_bias, &location.up_bias, &location.down_bias};
}

MOE_INLINE std::array<Matrix, expert_parts> parts_of(const ExpertWeights& weights) {
  const auto row = [](const Vector& bias) {
    return Matrix{bias.data, bias.dtype, bias.size == 0 ? std::size_t{0} : 1, bias.size};
  };
  return {weights.gate,           weights.up,           weights.down,
          row(weights.gate_bias), row(weights.up_bias), row(weights.down_bias)};
}

MOE_INLINE ExpertWeights weights_of(const std::array<Matrix, expert_parts>& parts) {
  const auto bias = [](const Matrix& row) { return Vector{row.data, row.dtype, row.rows * row.cols}; };
  return {parts[0], parts[1], parts[2], bias(parts[3]), bias(parts[4]), bias(parts[5])};
}

MOE_INLINE StoredRanges::StoredRanges(const ExpertLocation& location) {
  numbers_.fill(none);
  scales_.fill(none);
  const auto parts = parts_of(location);
  for (std::size_t part = 0; part < expert_parts; ++part) {
    if (parts[part]->rows == 0) continue;
    numbers_[part] = add(parts[part]->numbers());
    if (parts[part]->encoding.scales.bytes > 0) scales_[part] = add(parts[part]->encoding.scales);
  }
}

MOE_INLINE std::size_t StoredRanges::add(const StoredBytes& bytes) {
  std::size_t range = 0;
  while (range < size_ && (ranges_[range].file != bytes.file || ranges_[range].offset != bytes.offset ||
                           ranges_[range].bytes != bytes.bytes))
    ++range;
  if (range == size_) ranges_[size_++] = bytes;
  return range;
}

MOE_INLINE std::string_view StoredRanges::name_of(std::size_t range) const {
  std::size_t part = 0;
  while (numbers_[part] != range && scales_[part] != range) ++part;
  return expert_part_names[part];
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE std::size_t ExpertLocation::bytes() const {
  std::size_t sum = 0;
  for (const MatrixLocation* part : detail::parts_of(*this)) sum += part->bytes();
  return sum;
}

MOE_INLINE std::size_t ExpertLocation::stored_bytes() const {
  const detail::StoredRanges ranges(*this);
  std::size_t sum = 0;
  for (std::size_t range = 0; range < ranges.size(); ++range) sum += ranges[range].bytes;
  return sum;
}

MOE_INLINE bool ExpertLocation::is_plain() const {
  for (const MatrixLocation* part : detail::parts_of(*this))
    if (!part->is_plain()) return false;
  return true;
}

}  // namespace moe::inline MOE_ABI
