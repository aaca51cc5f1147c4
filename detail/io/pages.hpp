#pragma once
#include "system.hpp"

#include <cstddef>
#include <new>
#include <utility>

namespace moe {

/// Memory straight from the system and back: what it takes is what is asked for, rounded up to pages.
class Pages {
 public:
  /// Of memory, and enough for direct reads from all usual disks.
  static constexpr std::size_t page_bytes = 4096;

  static constexpr std::size_t rounded(std::size_t bytes) {
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
  }

  Pages() = default;
  explicit Pages(std::size_t bytes) : bytes_(rounded(bytes)) {
    address_ = detail::allocate_pages(bytes_);
    if (!address_) throw std::bad_alloc();
  }
  Pages(Pages&& other) noexcept { *this = std::move(other); }
  Pages& operator=(Pages&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Pages() {
    if (address_) detail::free_pages(address_, bytes_);
  }

  std::byte* data() const { return static_cast<std::byte*>(address_); }
  std::size_t bytes() const { return bytes_; }

 private:
  void* address_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace moe
