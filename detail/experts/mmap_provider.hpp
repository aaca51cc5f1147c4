#pragma once
#include "../core/config.hpp"
#include "catalog.hpp"
#include "provider.hpp"

#include <memory>
#include <optional>

namespace moe::inline MOE_ABI {

/// Delivers views of the mapped checkpoint: the system reads pages when they are touched, and drops them when it needs the
/// memory. As fast as memory if the model fits; there is no budget. Leases cost nothing.
class MmapProvider {
 public:
  using Lease = const ExpertWeights*;

  explicit MmapProvider(ExpertCatalog catalog);
  explicit MmapProvider(const Checkpoint& checkpoint);
  MmapProvider(MmapProvider&& other) noexcept;
  MmapProvider& operator=(MmapProvider&& other) noexcept;
  ~MmapProvider();

  /// Throws if there is no such expert.
  Lease acquire(ExpertId id) const;

  /// Counts an expert as resident once it was acquired: only the system knows better, and asking it costs more than it saves.
  std::optional<Lease> try_acquire(ExpertId id) const;

  /// Asks the system to read the experts that were chosen.
  void hint(const Announcement& announcement) const noexcept;

  const ExpertCatalog& catalog() const;

 private:
  struct State;

  std::unique_ptr<State> state_;  // leases point into it, and the provider may move
};

static_assert(ExpertProvider<MmapProvider>);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "mmap_provider.ipp"
#endif
