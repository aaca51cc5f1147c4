#pragma once
#include "kv_cache.hpp"
#include "../core/checked.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE KvCache::KvCache(std::size_t layers, std::size_t kv_heads, std::size_t head_dim,
                            std::size_t positions, DType type)
    : kv_heads_(kv_heads),
      head_dim_(head_dim),
      positions_(positions),
      type_(type),
      keys_(bytes_for(layers, kv_heads, head_dim, positions, type) / 2),
      values_(keys_.size()) {
  MOE_ASSERT(type == DType::f16 || type == DType::f32);
}

MOE_INLINE std::size_t KvCache::bytes_for(std::size_t layers, std::size_t kv_heads, std::size_t head_dim,
                                          std::size_t positions, DType type) {
  const std::size_t groups = positions / simd::key_lanes + (positions % simd::key_lanes != 0);
  return checked_size("sequence", "KV cache",
                      {2, layers, kv_heads, groups, simd::key_lanes, head_dim, bytes_of(type, 1)});
}

MOE_INLINE const std::byte* KvCache::keys(std::size_t layer, std::size_t head) const {
  return keys_.data() + at(layer, head, 0);
}

MOE_INLINE const std::byte* KvCache::values(std::size_t layer, std::size_t head) const {
  return values_.data() + at(layer, head, 0);
}

MOE_INLINE void KvCache::store(const simd::Kernels& kernels, std::size_t layer, std::size_t head,
                               std::size_t position, const float* key, const float* value) noexcept {
  MOE_ASSERT(position < positions_);
  convert(kernels, value, values_.data() + at(layer, head, position), head_dim_);
  const std::size_t lane = position % simd::key_lanes;
  scatter(kernels, key, keys_.data() + at(layer, head, position - lane) + lane * bytes_of(type_, 1));
}

MOE_INLINE std::size_t KvCache::at(std::size_t layer, std::size_t head, std::size_t position) const {
  return ((layer * kv_heads_ + head) * rounded(positions_) + position) * row_bytes();
}

MOE_INLINE std::size_t KvCache::rounded(std::size_t positions) {
  return (positions + simd::key_lanes - 1) / simd::key_lanes * simd::key_lanes;
}

MOE_INLINE void KvCache::convert(const simd::Kernels& kernels, const float* from, std::byte* to,
                                 std::size_t n) const {
  if (type_ == DType::f16) {
    kernels.to_f16(from, to, n);
  } else {
    std::memcpy(to, from, n * sizeof(float));
  }
}

MOE_INLINE void KvCache::scatter(const simd::Kernels& kernels, const float* key, std::byte* to) const {
  constexpr std::size_t some = 64;
  std::byte converted[some * sizeof(float)];
  const std::size_t size = bytes_of(type_, 1);
  for (std::size_t first = 0; first < head_dim_; first += some) {
    const std::size_t n = std::min(some, head_dim_ - first);
    convert(kernels, key + first, converted, n);
    for (std::size_t d = 0; d < n; ++d)
      std::memcpy(to + (first + d) * simd::key_lanes * size, converted + d * size, size);
  }
}

}  // namespace moe::inline MOE_ABI::detail
