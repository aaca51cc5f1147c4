// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "catalog.hpp"
#include "provider.hpp"
#include "slab_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace moe::inline MOE_ABI {

/// Holds experts in memory of its own, in huge pages where the system has them. For models that fit, and for tests.
/// Thread-safe, except add().
class MemoryProvider {
 public:
  /// Valid until add() replaces the expert, or until the provider is destroyed.
  using Lease = const ExpertWeights*;

  /// Has no experts before add().
  MemoryProvider() = default;

  /// Reads all experts that the checkpoint has, and converts experts that are not stored as kernels read them. order: of the
  /// matrices that fit panels (detail/core/panels.hpp); panels are faster to multiply. All other matrices stay in rows.
  /// progress(bytes) is called after each expert, with the bytes of the expert.
  explicit MemoryProvider(const ExpertCatalog& catalog, Matrix::Order order = Matrix::Order::rows,
                          FunctionRef<void(std::uint64_t)> progress = {});
  explicit MemoryProvider(const Checkpoint& checkpoint, Matrix::Order order = Matrix::Order::rows)
      : MemoryProvider(ExpertCatalog(checkpoint), order) {}

  /// Stores a copy of the weights under this id, in place of earlier weights, whose leases become invalid. Not thread-safe.
  void add(ExpertId id, const ExpertWeights& weights);

  /// Throws if there is no such expert.
  Lease acquire(ExpertId id) const;

  std::optional<Lease> try_acquire(ExpertId id) const { return acquire(id); }

  /// The bytes of the weights; 0 if there is no such expert.
  std::size_t bytes(ExpertId id) const noexcept;

 private:
  struct Entry {
    ExpertId id;
    detail::SlabPool::Slab memory;
    ExpertWeights weights;  // views of `memory`
  };

  /// The index of the first entry whose id is not less than `id`.
  std::size_t place_of(ExpertId id) const;

  const Entry* find(ExpertId id) const;

  void keep(ExpertId id, detail::SlabPool::Slab memory, const ExpertWeights& weights);

  std::unique_ptr<detail::SlabPool> memory_ = std::make_unique<detail::SlabPool>();  // slabs keep its address
  std::vector<std::unique_ptr<Entry>> entries_;  // sorted by id; leases are addresses of entries
};

static_assert(ExpertProvider<MemoryProvider>);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "memory_provider.ipp"
#endif
