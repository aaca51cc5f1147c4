#pragma once
#include "../core/config.hpp"
#include "../core/stopwatch.hpp"
#include "check_provider.hpp"
#include "optional_members.hpp"
#include "provider.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// What a MeasuringProvider has seen of one layer.
struct ExpertStatistics {
  std::uint64_t resident = 0;   // readable when first asked for
  std::uint64_t in_flight = 0;  // not then, but readable when acquired: it had been on its way
  std::uint64_t missed = 0;     // had to be waited for
  std::uint64_t bytes = 0;      // of weights that were not resident
  double waited_seconds = 0;

  std::uint64_t acquired() const { return resident + in_flight + missed; }

  ExpertStatistics& operator+=(const ExpertStatistics& other);
};

/// Counts, per layer, what is asked of `Inner` and how long it takes. Changes nothing else.
template <ExpertProvider Inner>
class MeasuringProvider {
  static_assert(check_provider<Inner>());

 public:
  explicit MeasuringProvider(Inner inner) : state_(new State(std::move(inner))) {}

  LeaseOf<Inner> acquire(ExpertId id) {
    if (auto ready = detail::try_acquire(state_->inner, id)) {
      state_->count_ready(id, bytes_of(*ready));
      return std::move(*ready);
    }
    const detail::Stopwatch stopwatch;
    auto lease = state_->inner.acquire(id);
    state_->count_missed(id, bytes_of(lease), stopwatch.seconds());
    return lease;
  }

  std::optional<LeaseOf<Inner>> try_acquire(ExpertId id) {
    auto lease = detail::try_acquire(state_->inner, id);
    if (lease) state_->count_ready(id, bytes_of(*lease));
    return lease;
  }

  void hint(const Announcement& announcement) noexcept {
    using enum Announcement::Kind;
    if (announcement.kind == chosen || announcement.kind == prefill) state_->remember(announcement.ids);
    detail::hint(state_->inner, announcement);
  }

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

    void count_ready(ExpertId id, std::size_t size) {
      const std::lock_guard lock(mutex);
      ExpertStatistics& counts = layer(id);
      if (forget(id)) {
        ++counts.in_flight;
        counts.bytes += size;
      } else {
        ++counts.resident;
      }
    }

    void count_missed(ExpertId id, std::size_t size, double seconds) {
      const std::lock_guard lock(mutex);
      forget(id);
      ExpertStatistics& counts = layer(id);
      ++counts.missed;
      counts.bytes += size;
      counts.waited_seconds += seconds;
    }

    void remember(std::span<const ExpertId> ids) noexcept {
      const std::lock_guard lock(mutex);
      try {
        for (const ExpertId id : ids) {
          forget(id);  // it may have been announced before
          expected.push_back(id);
        }
      } catch (...) {  // without memory they will count as resident
      }
    }

    bool forget(ExpertId id) {
      for (ExpertId& candidate : expected)
        if (candidate == id) {
          candidate = expected.back();
          expected.pop_back();
          return true;
        }
      return false;
    }

    ExpertStatistics& layer(ExpertId id) {
      if (layers.size() <= id.layer) layers.resize(id.layer + std::size_t{1});
      return layers[id.layer];
    }

    Inner inner;
    mutable std::mutex mutex;  // guards what follows
    std::vector<ExpertStatistics> layers;
    std::vector<ExpertId> expected;  // hinted as chosen and not yet acquired: they were not resident
  };

  static std::size_t bytes_of(const LeaseOf<Inner>& lease) {
    const ExpertWeights& weights = *lease;
    return weights.bytes();
  }

  std::unique_ptr<State> state_;  // on the heap, so that the provider can be moved
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "measuring_provider.ipp"
#endif
