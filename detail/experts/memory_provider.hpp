#pragma once
#include "../core/config.hpp"
#include "catalog.hpp"
#include "provider.hpp"
#include "slab_pool.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace moe::inline MOE_ABI {

/// Holds experts in memory of its own, in huge pages where the system has them. For models that fit, and for tests.
class MemoryProvider {
 public:
  using Lease = const ExpertWeights*;

  MemoryProvider() = default;

  /// Reads every expert of the checkpoint that is there.
  explicit MemoryProvider(const ExpertCatalog& catalog);
  explicit MemoryProvider(const Checkpoint& checkpoint) : MemoryProvider(ExpertCatalog(checkpoint)) {}

  /// Keeps a copy of the weights under that id, in place of what it had. Not while others acquire.
  void add(ExpertId id, ExpertWeights weights);

  Lease acquire(ExpertId id) const;

  std::optional<Lease> try_acquire(ExpertId id) const { return acquire(id); }

  std::size_t bytes(ExpertId id) const noexcept;

 private:
  struct Entry {
    ExpertId id;
    detail::SlabPool::Slab memory;
    ExpertWeights weights;  // views of memory
  };

  /// Where the expert stands among the entries, or would have to.
  std::size_t place_of(ExpertId id) const;

  const Entry* find(ExpertId id) const;

  void keep(ExpertId id, detail::SlabPool::Slab memory, const ExpertWeights& weights);

  std::unique_ptr<detail::SlabPool> memory_{new detail::SlabPool()};  // on the heap: slabs point to it
  std::vector<std::unique_ptr<Entry>> entries_;  // sorted by id; on the heap each, since leases are addresses
};

static_assert(ExpertProvider<MemoryProvider>);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "memory_provider.ipp"
#endif
