// SPDX-License-Identifier: MIT
#pragma once
#include "forkable_memory.hpp"
#include "system_write.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ForkableMemory::~ForkableMemory() {
  if (mapping_) unmap_file(mapping_, bytes_);
}

MOE_INLINE void ForkableMemory::swap(ForkableMemory& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(base_, other.base_);
  std::swap(mapping_, other.mapping_);
  own_.swap(other.own_);
}

MOE_INLINE bool ForkableMemory::freeze(std::span<const Range> ranges) {
  auto file = std::make_shared<const UniqueFile>(open_memory_file());
  if (!*file || !resize_file(file->get(), bytes_)) return false;
  for (const Range& range : ranges)
    if (!write_all(file->get(), range.begin, {data() + range.begin, range.bytes})) return false;
  void* mapping = map_copy_on_write(file->get(), bytes_);
  if (!mapping) return false;
  if (mapping_) unmap_file(mapping_, bytes_);
  mapping_ = static_cast<std::byte*>(mapping);
  base_ = std::move(file);
  own_ = {};
  return true;
}

MOE_INLINE ForkableMemory ForkableMemory::fork() const {
  if (!base_) return ForkableMemory(bytes_);
  ForkableMemory out;
  out.mapping_ = static_cast<std::byte*>(map_copy_on_write(base_->get(), bytes_));
  if (!out.mapping_) throw std::bad_alloc();
  out.bytes_ = bytes_;
  out.base_ = base_;
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
