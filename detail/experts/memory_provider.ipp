// SPDX-License-Identifier: MIT
#pragma once
#include "memory_provider.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/panels.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE MemoryProvider::MemoryProvider(const ExpertCatalog& catalog, Matrix::Order order,
                                          FunctionRef<void(std::uint64_t)> progress) {
  std::vector<std::size_t> sizes;
  for (const ExpertId id : catalog.ids()) sizes.push_back(catalog.at(id).bytes());
  memory_->expect_all(std::move(sizes));
  for (const ExpertId id : catalog.ids()) {
    detail::SlabPool::Slab memory = memory_->take(catalog.at(id).bytes());
    std::byte* const begin = memory.data();
    ExpertWeights weights = catalog.read(id, begin);
    if (order == Matrix::Order::panels)
      for (Matrix* part : {&weights.gate, &weights.up, &weights.down})
        if (detail::fits_panels(*part))
          *part = detail::to_panels_in_place(*part, begin + (part->data - begin));
    keep(id, std::move(memory), weights);
    if (progress) progress(catalog.at(id).bytes());
  }
}

MOE_INLINE void MemoryProvider::add(ExpertId id, const ExpertWeights& weights) {
  detail::SlabPool::Slab memory = memory_->take(weights.bytes());
  std::array<Matrix, detail::expert_parts> parts = detail::parts_of(weights);
  std::byte* at = memory.data();
  for (Matrix& part : parts) {
    if (part.rows == 0) continue;
    std::memcpy(at, part.data, part.bytes());
    part.data = at;
    at += part.bytes();
  }
  keep(id, std::move(memory), detail::weights_of(parts));
}

MOE_INLINE MemoryProvider::Lease MemoryProvider::acquire(ExpertId id) const {
  const Entry* entry = find(id);
  if (!entry)
    detail::fail("MemoryProvider", detail::concat("expert ", id.expert, " of layer ", id.layer),
                 detail::concat("one of the ", entries_.size(), " experts in memory"), "no such expert");
  return &entry->weights;
}

MOE_INLINE std::size_t MemoryProvider::bytes(ExpertId id) const noexcept {
  const Entry* entry = find(id);
  return entry ? entry->weights.bytes() : 0;
}

MOE_INLINE std::size_t MemoryProvider::place_of(ExpertId id) const {
  const auto place = std::lower_bound(
      entries_.begin(), entries_.end(), id,
      [](const std::unique_ptr<Entry>& entry, ExpertId sought) { return entry->id < sought; });
  return static_cast<std::size_t>(place - entries_.begin());
}

MOE_INLINE const MemoryProvider::Entry* MemoryProvider::find(ExpertId id) const {
  const std::size_t place = place_of(id);
  return place < entries_.size() && entries_[place]->id == id ? entries_[place].get() : nullptr;
}

MOE_INLINE void MemoryProvider::keep(ExpertId id, detail::SlabPool::Slab memory,
                                     const ExpertWeights& weights) {
  std::unique_ptr<Entry> entry(new Entry{id, std::move(memory), weights});
  if (find(id)) {
    entries_[place_of(id)] = std::move(entry);
  } else {
    entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place_of(id)), std::move(entry));
  }
}

}  // namespace moe::inline MOE_ABI
