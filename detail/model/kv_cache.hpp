#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../simd/kernels.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// The keys and values of all positions of a sequence. The system provides the memory when positions are filled.
class KvCache {
 public:
  /// type: f16, or f32 for exact comparison. Throws if the cache is larger than an object can be.
  KvCache(std::size_t layers, std::size_t kv_heads, std::size_t head_dim, std::size_t positions, DType type);

  /// The bytes of such a cache when all positions are filled. Throws as the constructor does.
  static std::size_t bytes_for(std::size_t layers, std::size_t kv_heads, std::size_t head_dim,
                               std::size_t positions, DType type);

  DType type() const { return type_; }
  std::size_t positions() const { return positions_; }

  /// The bytes of this cache when all positions are filled.
  std::size_t bytes() const { return keys_.bytes() + values_.bytes(); }

  /// The keys of one head: [positions / key_lanes, head_dim, key_lanes].
  const std::byte* keys(std::size_t layer, std::size_t head) const;
  /// The values of one head: [positions, head_dim].
  const std::byte* values(std::size_t layer, std::size_t head) const;

  /// Stores the key and the value of one head at one position. key, value: [head_dim].
  void store(const simd::Kernels& kernels, std::size_t layer, std::size_t head, std::size_t position,
             const float* key, const float* value) noexcept;

 private:
  std::size_t row_bytes() const { return bytes_of(type_, head_dim_); }

  std::size_t at(std::size_t layer, std::size_t head, std::size_t position) const;

  /// The positions with room for them: a multiple of key_lanes.
  static std::size_t rounded(std::size_t positions);

  void convert(const simd::Kernels& kernels, const float* from, std::byte* to, std::size_t n) const;

  /// to[d · key_lanes] = key[d], converted to the type of the cache.
  void scatter(const simd::Kernels& kernels, const float* key, std::byte* to) const;

  std::size_t kv_heads_, head_dim_, positions_;
  DType type_;
  Buffer<std::byte> keys_,
      values_;  // [layers, kv_heads, rounded positions, head_dim]; keys are laid out as in keys()
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "kv_cache.ipp"
#endif
