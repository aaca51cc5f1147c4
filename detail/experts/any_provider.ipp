// SPDX-License-Identifier: MIT
#pragma once
#include "any_provider.hpp"

#include <new>
#include <utility>

namespace moe::inline MOE_ABI {

MOE_INLINE AnyProvider::Lease::Lease(Lease&& other) noexcept
    : operations_(std::exchange(other.operations_, nullptr)) {
  if (operations_) operations_->relocate(other.storage_, storage_);
}

MOE_INLINE AnyProvider::Lease& AnyProvider::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    this->~Lease();
    ::new (this) Lease(std::move(other));
  }
  return *this;
}

MOE_INLINE AnyProvider::Lease::~Lease() {
  if (operations_) operations_->destroy(storage_);
}

}  // namespace moe::inline MOE_ABI
