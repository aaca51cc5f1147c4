// SPDX-License-Identifier: MIT
#pragma once
#include "kv_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace moe::inline MOE_ABI::detail {

inline void convert_row(const simd::Kernels& kernels, DType type, const float* from, std::byte* to,
                        std::size_t n) noexcept {
  if (type == DType::f16) {
    kernels.to_f16(from, to, n);
  } else {
    std::memcpy(to, from, n * sizeof(float));
  }
}

/// Writes blocks of q8_0: an f16 scale and 32 integers each.
inline void quantise_row(const simd::Kernels& kernels, const float* from, std::byte* to,
                         std::size_t n) noexcept {
  constexpr std::size_t block_bytes = bytes_of(DType::q8_0, 32);
  for (std::size_t at = 0; at < n; at += 32, to += block_bytes) {
    std::int8_t quants[32];
    std::int16_t sums[2];
    float scale;
    kernels.quantise(from + at, quants, &scale, sums, 32);
    kernels.to_f16(&scale, to, 1);
    std::memcpy(to + 2, quants, sizeof quants);
  }
}

/// to[d · key_lanes] = key[d], converted to `type`: keys of neighbouring positions are interleaved.
inline void scatter_key(const simd::Kernels& kernels, DType type, const float* key, std::byte* to,
                        std::size_t head_dim) noexcept {
  constexpr std::size_t some = 64;
  std::byte converted[some * sizeof(float)];
  const std::size_t size = bytes_of(type, 1);
  for (std::size_t first = 0; first < head_dim; first += some) {
    const std::size_t n = std::min(some, head_dim - first);
    convert_row(kernels, type, key + first, converted, n);
    for (std::size_t d = 0; d < n; ++d)
      std::memcpy(to + (first + d) * simd::key_lanes * size, converted + d * size, size);
  }
}

MOE_INLINE void store(const simd::Kernels& kernels, const KvRows& rows, std::size_t head,
                      std::size_t position, const float* key, const float* value) noexcept {
  const std::size_t slot = rows.slot(position);
  std::byte* const keys = rows.keys + head * rows.plane_bytes;
  std::byte* const values = rows.values + head * rows.plane_bytes;
  if (rows.type == DType::q8_0) {
    const std::size_t at = slot * bytes_of(rows.type, rows.head_dim);
    quantise_row(kernels, key, keys + at, rows.head_dim);
    quantise_row(kernels, value, values + at, rows.head_dim);
    return;
  }
  const std::size_t row_bytes = bytes_of(rows.type, rows.head_dim), lane = slot % simd::key_lanes;
  convert_row(kernels, rows.type, value, values + slot * row_bytes, rows.head_dim);
  scatter_key(kernels, rows.type, key, keys + (slot - lane) * row_bytes + lane * bytes_of(rows.type, 1),
              rows.head_dim);
}

MOE_INLINE void store(const simd::Kernels& kernels, const LatentRows& rows, std::size_t position,
                      const float* row) noexcept {
  convert_row(kernels, rows.type, row, rows.rows + position * bytes_of(rows.type, rows.row_size),
              rows.row_size);
}

}  // namespace moe::inline MOE_ABI::detail
