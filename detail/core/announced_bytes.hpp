// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Bytes that the workers of a pool will read soon, and how much of them each worker has prefetched. The bytes are divided into
/// equal contiguous shares, one per worker. Once per announcement, each worker prefetches the first part of its share.
/// Thread-safe, except that two calls of next() for the same worker must not run at the same time.
class AnnouncedBytes {
 public:
  /// The number of bytes that the caller prefetches after each call of next().
  static constexpr std::size_t step_bytes = 512;
  /// The most bytes that a worker prefetches: half of a typical second-level cache.
  static constexpr std::size_t most_bytes = std::size_t{256} << 10;

  explicit AnnouncedBytes(std::size_t workers) : progress_(workers) {}

  /// Announces these bytes, in place of all earlier ones. Null: none.
  void set(const std::byte* from, std::size_t bytes);

  /// The next `step_bytes` bytes that this worker has to prefetch; null if there are none.
  const std::byte* next(std::size_t worker);

 private:
  struct alignas(64) Progress {
    std::uint32_t announcement = 0;
    std::size_t bytes = 0;
  };

  std::atomic<const std::byte*> from_ = nullptr;
  std::atomic<std::size_t> bytes_ = 0;
  std::atomic<std::uint32_t> announcement_ = 0;
  std::vector<Progress> progress_;  // [workers]
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "announced_bytes.ipp"
#endif
