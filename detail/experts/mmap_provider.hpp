#pragma once
#include "../core/config.hpp"
#include "catalog.hpp"
#include "provider.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// Views into the mapped checkpoint: the system reads what is touched and drops what it needs the room for.
/// So it is as fast as memory if the model fits, it promises no budget, and a lease costs nothing.
class MmapProvider {
 public:
  using Lease = const ExpertWeights*;

  explicit MmapProvider(ExpertCatalog catalog) : state_(new State(std::move(catalog))) {}
  explicit MmapProvider(const Checkpoint& checkpoint) : MmapProvider(ExpertCatalog(checkpoint)) {}

  Lease acquire(ExpertId id) const;

  /// Takes what was acquired before to be still there: nobody but the system knows, and asking it costs more
  /// than it saves.
  std::optional<Lease> try_acquire(ExpertId id) const;

  /// Has the system read experts that were chosen.
  void hint(const Announcement& announcement) const noexcept;

  const ExpertCatalog& catalog() const { return state_->catalog; }

 private:
  struct Expert {
    explicit Expert(const ExpertWeights& from) : weights(from) {}
    Expert(Expert&& other) noexcept : weights(other.weights) {}  // only while the list is made

    ExpertWeights weights;
    std::atomic<bool> touched = false;
  };

  struct State {
    explicit State(ExpertCatalog from);

    Matrix view(const MatrixLocation& location) const;

    ExpertCatalog catalog;
    std::vector<Expert> experts;  // by the catalog's index
  };

  std::unique_ptr<State> state_;  // on the heap: leases point into it, and the provider may move
};

static_assert(ExpertProvider<MmapProvider>);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "mmap_provider.ipp"
#endif
