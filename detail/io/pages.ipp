// SPDX-License-Identifier: MIT
#pragma once
#include "pages.hpp"
#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Pages::Pages(std::size_t bytes) : bytes_(rounded(bytes)) {
  // A size above half of the address space comes from an overflow in the caller: no system has so much memory.
  address_ = bytes_ > SIZE_MAX / 2 ? nullptr : allocate_pages(bytes_);
  if (!address_) throw std::bad_alloc();
}

MOE_INLINE Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MOE_INLINE Pages::~Pages() {
  if (address_) free_pages(address_, bytes_);
}

}  // namespace moe::inline MOE_ABI::detail
