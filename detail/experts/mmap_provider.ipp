// SPDX-License-Identifier: MIT
#pragma once
#include "mmap_provider.hpp"
#include "../io/file.hpp"
#include "matrix_decoder.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

struct MmapProvider::State {
  explicit State(ExpertCatalog from);

  Lease lease_of(std::size_t expert);
  std::span<const std::byte> mapped(const detail::StoredBytes& stored) const;

  ExpertCatalog catalog;
  std::vector<std::atomic<bool>> touched;  // [catalog.index(id)] acquire(id) was called
  detail::SlabPool pool;
};

MOE_INLINE MmapProvider::MmapProvider(ExpertCatalog catalog)
    : state_(std::make_unique<State>(std::move(catalog))) {}

MOE_INLINE MmapProvider::MmapProvider(const Checkpoint& checkpoint)
    : MmapProvider(ExpertCatalog(checkpoint)) {}

MOE_INLINE MmapProvider::MmapProvider(MmapProvider&& other) noexcept = default;
MOE_INLINE MmapProvider& MmapProvider::operator=(MmapProvider&& other) noexcept = default;
MOE_INLINE MmapProvider::~MmapProvider() = default;

MOE_INLINE MmapProvider::Lease MmapProvider::acquire(ExpertId id) const {
  const std::size_t expert = state_->catalog.index(id);
  state_->touched[expert].store(true, std::memory_order_relaxed);
  return state_->lease_of(expert);
}

MOE_INLINE std::optional<MmapProvider::Lease> MmapProvider::try_acquire(ExpertId id) const {
  const std::size_t expert = state_->catalog.index(id);
  if (!state_->touched[expert].load(std::memory_order_relaxed) || !state_->catalog[expert].is_plain())
    return {};
  return state_->lease_of(expert);
}

MOE_INLINE void MmapProvider::hint(const Announcement& announcement) const noexcept {
  using enum Announcement::Kind;
  if (announcement.kind != chosen && announcement.kind != prefill) return;
  for (const ExpertId id : announcement.ids) {
    if (!state_->catalog.has(id)) continue;
    const detail::StoredRanges ranges(state_->catalog.at(id));
    for (std::size_t range = 0; range < ranges.size(); ++range)
      detail::Mapping::will_need(state_->mapped(ranges[range]));
  }
}

MOE_INLINE const ExpertCatalog& MmapProvider::catalog() const { return state_->catalog; }

MOE_INLINE MmapProvider::State::State(ExpertCatalog from)
    : catalog(std::move(from)), touched(catalog.size()) {
  std::set<std::size_t> sizes;
  for (std::size_t i = 0; i < catalog.size(); ++i)
    if (!catalog[i].is_plain() && sizes.insert(catalog[i].bytes()).second) pool.expect(catalog[i].bytes(), 1);
}

MOE_INLINE MmapProvider::Lease MmapProvider::State::lease_of(std::size_t expert) {
  const ExpertLocation& location = catalog[expert];
  const detail::StoredRanges ranges(location);
  const auto bytes_of = [&](std::size_t range) { return mapped(ranges[range]); };
  if (location.is_plain()) return Lease(detail::view_expert(location, ranges, bytes_of));
  detail::SlabPool::Slab memory = pool.take(location.bytes());
  Lease lease(detail::decode_expert(location, ranges, bytes_of, memory.data()));
  lease.memory_.emplace(std::move(memory));
  return lease;
}

MOE_INLINE std::span<const std::byte> MmapProvider::State::mapped(const detail::StoredBytes& stored) const {
  return catalog.checkpoint()
      .mapped(stored.file)
      .subspan(static_cast<std::size_t>(stored.offset), stored.bytes);
}

}  // namespace moe::inline MOE_ABI
