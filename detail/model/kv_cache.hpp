#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../simd/kernels.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace moe {

/// The keys and values of all positions that a sequence has seen.
/// Memory is taken from the system as positions are filled.
class KvCache {
 public:
  /// `type`: f16, or f32 for exact comparison.
  KvCache(std::size_t layers, std::size_t kv_heads, std::size_t head_dim, std::size_t positions, DType type)
      : kv_heads_(kv_heads),
        head_dim_(head_dim),
        positions_(positions),
        type_(type),
        keys_(layers * kv_heads * whole_groups(positions) * row_bytes()),
        values_(keys_.size()) {
    MOE_ASSERT(type == DType::f16 || type == DType::f32);
  }

  /// What such a cache takes when all positions are filled.
  static std::size_t bytes_for(std::size_t layers, std::size_t kv_heads, std::size_t head_dim,
                               std::size_t positions, DType type) {
    return 2 * layers * kv_heads * whole_groups(positions) * bytes_of(type, head_dim);
  }

  DType type() const { return type_; }
  std::size_t positions() const { return positions_; }

  /// What it takes when all positions are filled.
  std::size_t bytes() const { return keys_.bytes() + values_.bytes(); }

  /// The keys of one head: [positions / key_lanes, head_dim, key_lanes].
  const std::byte* keys(std::size_t layer, std::size_t head) const {
    return keys_.data() + at(layer, head, 0);
  }
  /// The values of one head: [positions, head_dim].
  const std::byte* values(std::size_t layer, std::size_t head) const {
    return values_.data() + at(layer, head, 0);
  }

  /// Stores what one head keeps of a position. key, value: [head_dim].
  void store(const simd::Kernels& kernels, std::size_t layer, std::size_t head, std::size_t position,
             const float* key, const float* value) noexcept {
    MOE_ASSERT(position < positions_);
    convert(kernels, value, values_.data() + at(layer, head, position), head_dim_);
    const std::size_t lane = position % simd::key_lanes;
    scatter(kernels, key, keys_.data() + at(layer, head, position - lane) + lane * bytes_of(type_, 1));
  }

 private:
  std::size_t row_bytes() const { return bytes_of(type_, head_dim_); }

  std::size_t at(std::size_t layer, std::size_t head, std::size_t position) const {
    return ((layer * kv_heads_ + head) * whole_groups(positions_) + position) * row_bytes();
  }

  static std::size_t whole_groups(std::size_t positions) {
    return (positions + simd::key_lanes - 1) / simd::key_lanes * simd::key_lanes;
  }

  void convert(const simd::Kernels& kernels, const float* from, std::byte* to, std::size_t n) const {
    if (type_ == DType::f16) {
      kernels.to_f16(from, to, n);
    } else {
      std::memcpy(to, from, n * sizeof(float));
    }
  }

  /// to[d, 0] = key[d], in rows of key_lanes.
  void scatter(const simd::Kernels& kernels, const float* key, std::byte* to) const {
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

  std::size_t kv_heads_, head_dim_, positions_;
  DType type_;
  Buffer<std::byte> keys_, values_;  // [layers, kv_heads, positions, head_dim], of keys as keys() says
};

}  // namespace moe
