// SPDX-License-Identifier: MIT
#pragma once
#include "slab_pool.hpp"
#include "../io/system.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Where the slabs of an arena lie. An arena begins at a multiple of a huge page.
///
/// dense: one behind the other, with huge pages everywhere. For pools whose slabs all have one size: such a pool never gives
/// memory back to the system.
///
/// separate: each slab contains as many whole huge pages as fit; the rest of the slab, its tail, uses small pages.
/// Slabs come in pairs that mirror each other, so that each pair has one run of small pages in its middle:
///   | huge pages of slab 0 | tail of 0 | unused | tail of 1 | huge pages of slab 1 | huge pages of slab 2 | ...
/// Huge pages that reach from one slab into the next would break the budget: after one of the two slabs gave its memory back,
/// the first write to the other slab, or the system's daemon for huge pages (khugepaged), would allocate that memory again.
struct ArenaLayout {
  ArenaLayout(std::size_t bytes, bool is_dense)
      : slab_bytes(bytes), dense(is_dense || bytes < huge_page_bytes) {}

  std::size_t tail_bytes() const { return slab_bytes % huge_page_bytes; }
  std::size_t huge_bytes() const { return slab_bytes - tail_bytes(); }

  std::size_t begin_of(std::size_t slab) const {
    if (dense) return slab * slab_bytes;
    const std::size_t tails = (2 * tail_bytes() + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
    const std::size_t pair_bytes = 2 * huge_bytes() + tails;
    return slab / 2 * pair_bytes + (slab % 2 == 0 ? 0 : pair_bytes - slab_bytes);
  }

  std::size_t huge_begin_of(std::size_t slab) const {
    return begin_of(slab) + (slab % 2 == 0 ? 0 : tail_bytes());
  }

  std::size_t slab_bytes;
  bool dense;
};

MOE_INLINE std::size_t slabs_of_arena(std::size_t bytes) {
  constexpr std::size_t arena_bytes = std::size_t{64} << 20;
  return bytes < arena_bytes ? arena_bytes / bytes : 1;
}

MOE_INLINE void advise_separate(const Pages& arena, const ArenaLayout& layout, std::size_t slabs) {
  avoid_huge_pages(arena.data(), arena.bytes());
  if (layout.dense) return;  // slabs smaller than a huge page
  for (std::size_t slab = 0; slab < slabs; ++slab)
    prefer_huge_pages(arena.data() + layout.huge_begin_of(slab), layout.huge_bytes());
}

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
  SizeClass& own = class_of(slab_bytes(bytes));
  const std::size_t of_arena = slabs_of_arena(own.bytes), arenas = (slabs + of_arena - 1) / of_arena;
  own.reserve(arenas * of_arena);
  arenas_.reserve(arenas_.size() + arenas);
}

MOE_INLINE void SlabPool::expect_all(std::vector<std::size_t> sizes) {
  for (std::size_t& size : sizes) size = slab_bytes(size);
  std::sort(sizes.begin(), sizes.end());
  for (std::size_t first = 0, next = 0; first < sizes.size(); first = next) {
    while (next < sizes.size() && sizes[next] == sizes[first]) ++next;
    expect(sizes[first], next - first);
  }
}

MOE_INLINE SlabPool::Slab SlabPool::take(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  SizeClass& own = class_of(slab_bytes(bytes));
  if (own.free.empty()) {
    if (own.empty.empty()) add_arena(own);
    std::size_t discarded = 0;
    for (SizeClass& other : classes_)
      discarded += other.discard_free(own.bytes - std::min(own.bytes, discarded));
    own.free.push_back(own.empty.back());
    own.empty.pop_back();
  }
  std::byte* data = own.free.back();
  own.free.pop_back();
  return Slab(*this, data, own.bytes);
}

MOE_INLINE void SlabPool::reserve(std::size_t bytes, std::size_t total_bytes) {
  std::vector<Slab> slabs;
  for (std::size_t left = total_bytes; left >= slab_bytes(bytes); left -= slab_bytes(bytes)) {
    slabs.push_back(take(bytes));
    std::memset(slabs.back().data(), 0, bytes);
  }
}

MOE_INLINE std::size_t SlabPool::SizeClass::discard_free(std::size_t wanted_bytes) {
  std::size_t discarded = 0;
  for (; !free.empty() && discarded < wanted_bytes; free.pop_back(), discarded += bytes) {
    discard_pages(free.back(), bytes);
    empty.push_back(free.back());
  }
  return discarded;
}

MOE_INLINE void SlabPool::SizeClass::reserve(std::size_t slabs_in_all) {
  free.reserve(slabs_in_all);
  empty.reserve(slabs_in_all);
}

MOE_INLINE std::size_t SlabPool::slab_bytes(std::size_t bytes) {
  return std::max(Pages::rounded(bytes), Pages::page_bytes);
}

MOE_INLINE SlabPool::SizeClass& SlabPool::class_of(std::size_t bytes) {
  for (SizeClass& one : classes_)
    if (one.bytes == bytes) return one;
  classes_.emplace_back().bytes = bytes;
  // The existing arenas are dense, so their huge pages reach across slabs. With two sizes, slabs can give memory back.
  if (classes_.size() == 2)
    for (const Pages& arena : arenas_) avoid_huge_pages(arena.data(), arena.bytes());
  return classes_.back();
}

MOE_INLINE void SlabPool::add_arena(SizeClass& own) {
  const std::size_t count = slabs_of_arena(own.bytes);
  const bool one_size = classes_.size() == 1;
  const ArenaLayout layout(own.bytes, one_size);
  own.reserve(own.slabs + count);
  const Pages& arena = arenas_.emplace_back(layout.begin_of(count - 1) + own.bytes);
  // Linux allows 65530 mappings in a process, and each slab with its own madvise() adds a mapping.
  constexpr std::size_t most_advised = 16384;
  if (!one_size) advise_separate(arena, layout, own.slabs < most_advised ? count : 0);
  own.slabs += count;
  for (std::size_t slab = count; slab-- > 0;) own.empty.push_back(arena.data() + layout.begin_of(slab));
}

MOE_INLINE void SlabPool::give_back(std::byte* data, std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  class_of(bytes).free.push_back(data);
}

}  // namespace moe::inline MOE_ABI::detail
