#pragma once
#include "slab_pool.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE SlabPool::Slab::Slab(Slab&& other) noexcept
    : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}

MOE_INLINE SlabPool::Slab& SlabPool::Slab::operator=(Slab&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MOE_INLINE SlabPool::Slab::~Slab() {
  if (data_) pool_->give_back(data_, bytes_);
}

MOE_INLINE void SlabPool::expect(std::size_t bytes, std::size_t slabs) {
  const std::lock_guard lock(mutex_);
  SizeClass& own = class_of(Pages::rounded(bytes));
  const std::size_t of_arena = slabs_of_arena(own.bytes), arenas = (slabs + of_arena - 1) / of_arena;
  own.free.reserve(arenas * of_arena);
  own.empty.reserve(arenas * of_arena);
  arenas_.reserve(arenas_.size() + arenas);
}

MOE_INLINE SlabPool::Slab SlabPool::take(std::size_t bytes) {
  const std::size_t wanted = Pages::rounded(bytes);
  const std::lock_guard lock(mutex_);
  SizeClass& own = class_of(wanted);
  if (own.free.empty()) {
    std::size_t discarded = 0;
    for (SizeClass& other : classes_) discarded += other.discard_free(wanted - std::min(wanted, discarded));
    if (own.empty.empty()) add_arena(own);
    own.free.push_back(own.empty.back());
    own.empty.pop_back();
  }
  std::byte* data = own.free.back();
  own.free.pop_back();
  return Slab(*this, data, wanted);
}

MOE_INLINE void SlabPool::reserve(std::size_t bytes, std::size_t total_bytes) {
  std::vector<Slab> slabs;
  for (std::size_t left = total_bytes; left >= Pages::rounded(bytes); left -= Pages::rounded(bytes)) {
    slabs.push_back(take(bytes));
    std::memset(slabs.back().data(), 0, bytes);
  }
}

MOE_INLINE std::size_t SlabPool::SizeClass::discard_free(std::size_t wanted) {
  std::size_t discarded = 0;
  for (; !free.empty() && discarded < wanted; free.pop_back(), discarded += bytes) {
    discard_pages(free.back(), bytes);
    empty.push_back(free.back());
  }
  return discarded;
}

MOE_INLINE SlabPool::SizeClass& SlabPool::class_of(std::size_t bytes) {
  for (SizeClass& one : classes_)
    if (one.bytes == bytes) return one;
  classes_.push_back({});
  classes_.back().bytes = bytes;
  return classes_.back();
}

MOE_INLINE std::size_t SlabPool::slabs_of_arena(std::size_t bytes) {
  constexpr std::size_t arena_bytes = std::size_t{64} << 20;
  return bytes < arena_bytes ? arena_bytes / bytes : 1;
}

MOE_INLINE void SlabPool::add_arena(SizeClass& own) {
  const std::size_t count = slabs_of_arena(own.bytes);
  own.free.reserve(own.slabs + count);
  own.empty.reserve(own.slabs + count);
  const Pages& arena = arenas_.emplace_back(count * own.bytes);
  own.slabs += count;
  for (std::size_t i = count; i-- > 0;) own.empty.push_back(arena.data() + i * own.bytes);
}

MOE_INLINE void SlabPool::give_back(std::byte* data, std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  class_of(bytes).free.push_back(data);
}

}  // namespace moe::inline MOE_ABI::detail
