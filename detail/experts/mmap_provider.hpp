#pragma once
#include "catalog.hpp"
#include "provider.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace moe {

/// Views into the mapped checkpoint: the system reads what is touched and drops what it needs the room for.
/// So it is as fast as memory if the model fits, it promises no budget, and a lease costs nothing.
class MmapProvider {
 public:
  using Lease = const ExpertWeights*;

  explicit MmapProvider(ExpertCatalog catalog) : state_(std::make_unique<State>(std::move(catalog))) {}
  explicit MmapProvider(const Checkpoint& checkpoint) : MmapProvider(ExpertCatalog(checkpoint)) {}

  Lease acquire(ExpertId id) const {
    const std::size_t index = state_->catalog.index(id);
    state_->touched[index].store(true, std::memory_order_relaxed);
    return &state_->weights[index];
  }

  /// Takes what was acquired before to be still there: nobody but the system knows, and asking it costs more
  /// than it saves.
  std::optional<Lease> try_acquire(ExpertId id) const {
    const std::size_t index = state_->catalog.index(id);
    if (!state_->touched[index].load(std::memory_order_relaxed)) return {};
    return &state_->weights[index];
  }

  /// Has the system read experts that were chosen.
  void hint(std::span<const ExpertId> ids, Hint kind) const noexcept {
    if (kind != Hint::chosen && kind != Hint::passing) return;
    for (const ExpertId id : ids) {
      if (!state_->catalog.has(id)) continue;
      const ExpertWeights& weights = state_->weights[state_->catalog.index(id)];
      for (const Matrix& matrix : {weights.gate, weights.up, weights.down})
        Mapping::will_need({matrix.data, matrix.bytes()});
    }
  }

  /// Nothing of its own.
  std::size_t bytes(ExpertId) const noexcept { return 0; }

 private:
  struct State {
    explicit State(ExpertCatalog from) : catalog(std::move(from)), touched(catalog.size()) {
      for (std::size_t i = 0; i < catalog.size(); ++i)
        weights.push_back({view(catalog[i].gate), view(catalog[i].up), view(catalog[i].down)});
    }

    Matrix view(const MatrixLocation& location) const {
      const std::byte* file = catalog.checkpoint().mapped(location.file).data();
      return {file + location.offset, location.dtype, location.rows, location.cols};
    }

    ExpertCatalog catalog;
    std::vector<ExpertWeights> weights;      // by the catalog's index
    std::vector<std::atomic<bool>> touched;  // the same
  };

  std::unique_ptr<State> state_;  // on the heap: leases point into it, and the provider may move
};

static_assert(ExpertProvider<MmapProvider>);

}  // namespace moe
