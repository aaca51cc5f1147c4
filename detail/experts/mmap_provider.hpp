// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "catalog.hpp"
#include "provider.hpp"
#include "slab_pool.hpp"

#include <memory>
#include <optional>

namespace moe::inline MOE_ABI {

/// Delivers views of the mapped checkpoint: the system reads pages when they are touched, and drops them when it needs the
/// memory. If the model fits into memory, access is as fast as to other memory. There is no budget. Experts that are not stored
/// as kernels read them are converted at each acquire(), into memory of the lease; a cache around this provider keeps the
/// converted experts. Thread-safe.
class MmapProvider {
  struct State;

 public:
  /// Views of the mapped file, or converted weights that the lease owns. Must not outlive the provider.
  class Lease {
   public:
    /// The weights, which stay readable while the lease lives.
    const ExpertWeights& operator*() const { return weights_; }

   private:
    friend State;
    explicit Lease(const ExpertWeights& weights) : weights_(weights) {}

    ExpertWeights weights_;
    std::optional<detail::SlabPool::Slab> memory_;  // of converted weights
  };

  /// Delivers the experts of a catalog, whose checkpoint stays mapped.
  explicit MmapProvider(ExpertCatalog catalog);
  explicit MmapProvider(const Checkpoint& checkpoint);
  MmapProvider(MmapProvider&& other) noexcept;
  MmapProvider& operator=(MmapProvider&& other) noexcept;
  ~MmapProvider();

  /// Throws if there is no such expert.
  Lease acquire(ExpertId id) const;

  /// An expert counts as resident once it was acquired. A system call could tell which pages are in memory, but costs more time
  /// than it saves. An expert that must be converted is never resident. Throws if there is no such expert.
  std::optional<Lease> try_acquire(ExpertId id) const;

  /// Asks the system to read the announced experts, if they were chosen for single tokens or for a prompt.
  void hint(const Announcement& announcement) const noexcept;

  const ExpertCatalog& catalog() const;

 private:
  std::unique_ptr<State> state_;  // leases point to its pool, and the provider may move
};

static_assert(ExpertProvider<MmapProvider>);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "mmap_provider.ipp"
#endif
