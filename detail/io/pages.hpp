// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// Zeroed memory taken from the operating system, and given back to it, in whole pages.
class Pages {
 public:
  /// The unit of sizes. Direct reads from all usual disks work with this alignment.
  static constexpr std::size_t page_bytes = 4096;

  /// `bytes` rounded up to whole pages; SIZE_MAX, which cannot be allocated, if the result does not fit into a std::size_t.
  static constexpr std::size_t rounded(std::size_t bytes) {
    return bytes > SIZE_MAX - (page_bytes - 1) ? SIZE_MAX
                                               : (bytes + page_bytes - 1) / page_bytes * page_bytes;
  }

  Pages() = default;

  /// Throws std::bad_alloc.
  explicit Pages(std::size_t bytes);
  Pages(Pages&& other) noexcept { *this = std::move(other); }
  Pages& operator=(Pages&& other) noexcept;
  ~Pages();

  std::byte* data() const { return static_cast<std::byte*>(address_); }
  std::size_t bytes() const { return bytes_; }

 private:
  void* address_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "pages.ipp"
#endif
