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

  explicit MmapProvider(ExpertCatalog catalog) : state_(new State(std::move(catalog))) {}
  explicit MmapProvider(const Checkpoint& checkpoint) : MmapProvider(ExpertCatalog(checkpoint)) {}

  Lease acquire(ExpertId id) const {
    Expert& expert = state_->experts[state_->catalog.index(id)];
    expert.touched.store(true, std::memory_order_relaxed);
    return &expert.weights;
  }

  /// Takes what was acquired before to be still there: nobody but the system knows, and asking it costs more
  /// than it saves.
  std::optional<Lease> try_acquire(ExpertId id) const {
    const Expert& expert = state_->experts[state_->catalog.index(id)];
    if (!expert.touched.load(std::memory_order_relaxed)) return {};
    return &expert.weights;
  }

  /// Has the system read experts that were chosen.
  void hint(std::span<const ExpertId> ids, Hint kind) const noexcept {
    if (kind != Hint::chosen && kind != Hint::passing) return;
    for (const ExpertId id : ids) {
      if (!state_->catalog.has(id)) continue;
      const ExpertWeights& weights = state_->experts[state_->catalog.index(id)].weights;
      for (const Matrix& matrix : {weights.gate, weights.up, weights.down})
        Mapping::will_need({matrix.data, matrix.bytes()});
    }
  }

  /// Nothing of its own.
  std::size_t bytes(ExpertId) const noexcept { return 0; }

 private:
  struct Expert {
    explicit Expert(const ExpertWeights& from) : weights(from) {}
    Expert(Expert&& other) noexcept : weights(other.weights) {}  // only while the list is made

    ExpertWeights weights;
    std::atomic<bool> touched = false;
  };

  struct State {
    explicit State(ExpertCatalog from) : catalog(std::move(from)) {
      experts.reserve(catalog.size());
      for (std::size_t i = 0; i < catalog.size(); ++i)
        experts.emplace_back(
            ExpertWeights{view(catalog[i].gate), view(catalog[i].up), view(catalog[i].down)});
    }

    Matrix view(const MatrixLocation& location) const {
      const std::byte* file = catalog.checkpoint().mapped(location.file).data();
      return {file + location.offset, location.dtype, location.rows, location.cols};
    }

    ExpertCatalog catalog;
    std::vector<Expert> experts;  // by the catalog's index
  };

  std::unique_ptr<State> state_;  // on the heap: leases point into it, and the provider may move
};

static_assert(ExpertProvider<MmapProvider>);

}  // namespace moe
