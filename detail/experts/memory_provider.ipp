#pragma once
#include "memory_provider.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace moe::inline MOE_ABI {

MOE_INLINE MemoryProvider::MemoryProvider(const ExpertCatalog& catalog) {
  for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
    for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert) {
      if (!catalog.has({layer, expert})) continue;
      detail::SlabPool::Slab memory = memory_->take(catalog.at({layer, expert}).bytes());
      const ExpertWeights weights = catalog.read({layer, expert}, memory.data());
      keep({layer, expert}, std::move(memory), weights);
    }
}

MOE_INLINE void MemoryProvider::add(ExpertId id, ExpertWeights weights) {
  detail::SlabPool::Slab memory = memory_->take(weights.bytes());
  std::byte* at = memory.data();
  for (Matrix* matrix : {&weights.gate, &weights.up, &weights.down}) {
    std::memcpy(at, matrix->data, matrix->bytes());
    matrix->data = at;
    at += matrix->bytes();
  }
  keep(id, std::move(memory), weights);
}

MOE_INLINE MemoryProvider::Lease MemoryProvider::acquire(ExpertId id) const {
  const Entry* entry = find(id);
  if (!entry)
    detail::fail("MemoryProvider", detail::concat("expert ", id.expert, " of layer ", id.layer),
                 "to be there", "nothing");
  return &entry->weights;
}

MOE_INLINE std::size_t MemoryProvider::bytes(ExpertId id) const noexcept {
  const Entry* entry = find(id);
  return entry ? entry->weights.bytes() : 0;
}

MOE_INLINE std::size_t MemoryProvider::place_of(ExpertId id) const {
  const auto place = std::ranges::lower_bound(entries_, id, {}, [](const auto& entry) { return entry->id; });
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
