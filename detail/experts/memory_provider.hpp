#pragma once
#include "../core/error.hpp"
#include "catalog.hpp"
#include "provider.hpp"
#include "slab_pool.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace moe {

/// Holds experts in memory of its own, in huge pages where the system has them. For models that fit, and for tests.
class MemoryProvider {
 public:
  using Lease = const ExpertWeights*;

  MemoryProvider() = default;

  /// Reads every expert of the checkpoint that is there.
  explicit MemoryProvider(const ExpertCatalog& catalog) {
    for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
      for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert) {
        if (!catalog.has({layer, expert})) continue;
        detail::SlabPool::Slab memory = memory_->take(catalog.at({layer, expert}).bytes());
        const ExpertWeights weights = catalog.read({layer, expert}, memory.data());
        keep({layer, expert}, std::move(memory), weights);
      }
  }
  explicit MemoryProvider(const Checkpoint& checkpoint) : MemoryProvider(ExpertCatalog(checkpoint)) {}

  /// Keeps a copy of the weights under that id, in place of what it had. Not while others acquire.
  void add(ExpertId id, ExpertWeights weights) {
    detail::SlabPool::Slab memory = memory_->take(weights.bytes());
    std::byte* at = memory.data();
    for (Matrix* matrix : {&weights.gate, &weights.up, &weights.down}) {
      std::memcpy(at, matrix->data, matrix->bytes());
      matrix->data = at;
      at += matrix->bytes();
    }
    keep(id, std::move(memory), weights);
  }

  Lease acquire(ExpertId id) const {
    const Entry* entry = find(id);
    if (!entry)
      fail("MemoryProvider", detail::concat("expert ", id.expert, " of layer ", id.layer), "to be there",
           "nothing");
    return &entry->weights;
  }

  std::optional<Lease> try_acquire(ExpertId id) const { return acquire(id); }

  std::size_t bytes(ExpertId id) const noexcept {
    const Entry* entry = find(id);
    return entry ? entry->weights.bytes() : 0;
  }

 private:
  struct Entry {
    ExpertId id;
    detail::SlabPool::Slab memory;
    ExpertWeights weights;  // views of memory
  };

  /// Where the expert stands among the entries, or would have to.
  std::size_t place_of(ExpertId id) const {
    const auto place =
        std::ranges::lower_bound(entries_, id, {}, [](const auto& entry) { return entry->id; });
    return static_cast<std::size_t>(place - entries_.begin());
  }

  const Entry* find(ExpertId id) const {
    const std::size_t place = place_of(id);
    return place < entries_.size() && entries_[place]->id == id ? entries_[place].get() : nullptr;
  }

  void keep(ExpertId id, detail::SlabPool::Slab memory, const ExpertWeights& weights) {
    std::unique_ptr<Entry> entry(new Entry{id, std::move(memory), weights});
    if (find(id)) {
      entries_[place_of(id)] = std::move(entry);
    } else {
      entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place_of(id)), std::move(entry));
    }
  }

  std::unique_ptr<detail::SlabPool> memory_{new detail::SlabPool()};  // on the heap: slabs point to it
  std::vector<std::unique_ptr<Entry>> entries_;  // sorted by id; on the heap each, since leases are addresses
};

static_assert(ExpertProvider<MemoryProvider>);

}  // namespace moe
