#pragma once
#include "provider.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace moe {

/// What a MeasuringProvider has seen of one layer.
struct ExpertStatistics {
  std::uint64_t resident = 0;   // readable when first asked for
  std::uint64_t in_flight = 0;  // not then, but readable when acquired: it had been on its way
  std::uint64_t missed = 0;     // had to be waited for
  std::uint64_t bytes = 0;      // of weights that were not resident
  std::chrono::nanoseconds waited{0};

  std::uint64_t acquired() const { return resident + in_flight + missed; }

  ExpertStatistics& operator+=(const ExpertStatistics& other) {
    resident += other.resident;
    in_flight += other.in_flight;
    missed += other.missed;
    bytes += other.bytes;
    waited += other.waited;
    return *this;
  }
};

/// Counts, per layer, what is asked of `Inner` and how long it takes. Changes nothing else.
template <ExpertProvider Inner>
class MeasuringProvider {
 public:
  explicit MeasuringProvider(Inner inner) : state_(std::make_unique<State>(std::move(inner))) {}

  LeaseOf<Inner> acquire(ExpertId id) {
    if (auto ready = moe::try_acquire(state_->inner, id)) {
      count(id, [&](ExpertStatistics& layer) { ++layer.in_flight, layer.bytes += bytes_of(*ready); });
      return std::move(*ready);
    }
    const auto start = std::chrono::steady_clock::now();
    auto lease = state_->inner.acquire(id);
    const auto waited = std::chrono::steady_clock::now() - start;
    count(id, [&](ExpertStatistics& layer) {
      ++layer.missed;
      layer.bytes += bytes_of(lease);
      layer.waited += waited;
    });
    return lease;
  }

  std::optional<LeaseOf<Inner>> try_acquire(ExpertId id) {
    auto lease = moe::try_acquire(state_->inner, id);
    if (lease) count(id, [](ExpertStatistics& layer) { ++layer.resident; });
    return lease;
  }

  void hint(std::span<const ExpertId> ids, Hint kind) noexcept { moe::hint(state_->inner, ids, kind); }
  std::size_t bytes(ExpertId id) { return moe::bytes(state_->inner, id); }

  /// By layer, up to the last one that was asked for.
  std::vector<ExpertStatistics> layers() const {
    const std::lock_guard lock(state_->mutex);
    return state_->layers;
  }

  ExpertStatistics total() const {
    ExpertStatistics sum;
    for (const ExpertStatistics& layer : layers()) sum += layer;
    return sum;
  }

  Inner& inner() { return state_->inner; }

 private:
  struct State {
    explicit State(Inner from) : inner(std::move(from)) {}
    Inner inner;
    mutable std::mutex mutex;  // guards what follows
    std::vector<ExpertStatistics> layers;
  };

  static std::size_t bytes_of(const LeaseOf<Inner>& lease) {
    const ExpertWeights& weights = *lease;
    return weights.bytes();
  }

  template <class Change>
  void count(ExpertId id, Change change) {
    const std::lock_guard lock(state_->mutex);
    if (state_->layers.size() <= id.layer) state_->layers.resize(id.layer + std::size_t{1});
    change(state_->layers[id.layer]);
  }

  std::unique_ptr<State> state_;  // on the heap, so that the provider can be moved
};

}  // namespace moe
