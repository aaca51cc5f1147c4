// SPDX-License-Identifier: MIT
#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"
#include "system.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// Zeroed memory whose forks share pages by copy on write: the first write of a fork to a page copies the page. Uses
/// memfd_create of Linux; on other systems freeze() returns false. Not thread-safe.
class ForkableMemory {
 public:
  struct Range {
    std::size_t begin, bytes;
  };

  ForkableMemory() = default;

  /// Throws std::bad_alloc.
  explicit ForkableMemory(std::size_t bytes) : bytes_(bytes), own_(bytes) {}
  ForkableMemory(ForkableMemory&& other) noexcept { swap(other); }
  ForkableMemory& operator=(ForkableMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ForkableMemory();

  std::byte* data() { return mapping_ ? mapping_ : own_.data(); }
  const std::byte* data() const { return mapping_ ? mapping_ : own_.data(); }
  std::size_t bytes() const { return bytes_; }

  /// Moves the bytes of `ranges` to pages that later forks share. All other bytes become zero, and data() changes. Returns
  /// false, and changes nothing, if the system cannot share pages.
  bool freeze(std::span<const Range> ranges);

  /// Whether freeze() succeeded on this memory, or this memory is a fork of frozen memory.
  bool frozen() const { return mapping_ != nullptr; }

  /// Memory with the contents that the last freeze() left; zeroed memory if there was no freeze(). Throws std::bad_alloc.
  ForkableMemory fork() const;

 private:
  void swap(ForkableMemory& other) noexcept;

  std::size_t bytes_ = 0;
  Buffer<std::byte> own_;                   // before the first freeze()
  std::shared_ptr<const UniqueFile> base_;  // the frozen bytes: a file without a name, in memory
  std::byte* mapping_ = nullptr;            // a mapping of base_ with copy on write
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "forkable_memory.ipp"
#endif
