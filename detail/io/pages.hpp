#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// Memory straight from the system and back: what it takes is what is asked for, rounded up to pages.
class Pages {
 public:
  /// Of memory, and enough for direct reads from all usual disks.
  static constexpr std::size_t page_bytes = 4096;

  static constexpr std::size_t rounded(std::size_t bytes) {
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
  }

  Pages() = default;
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
