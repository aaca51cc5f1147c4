// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/stopwatch.hpp"
#include "check_provider.hpp"
#include "expert_statistics.hpp"
#include "optional_members.hpp"
#include "provider.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// Counts, by layer, how the experts of `Inner` are acquired, and measures how long callers wait. acquire() first calls
/// try_acquire() of `Inner`; apart from that, all calls pass unchanged.
template <ExpertProvider Inner>
class MeasuringProvider {
  static_assert(check_provider<Inner>());

 public:
  /// All counts begin at 0.
  explicit MeasuringProvider(Inner inner) : state_(new State{std::move(inner), {}}) {}

  LeaseOf<Inner> acquire(ExpertId id) {
    if (auto ready = try_acquire(id)) return std::move(*ready);
    const detail::Stopwatch stopwatch;
    auto lease = state_->inner.acquire(id);
    state_->counter.count_missed(id, bytes_of(lease), stopwatch.seconds());
    return lease;
  }

  std::optional<LeaseOf<Inner>> try_acquire(ExpertId id) {
    auto lease = detail::try_acquire(state_->inner, id);
    if (lease) state_->counter.count_ready(id, bytes_of(*lease));
    return lease;
  }

  void hint(const Announcement& announcement) noexcept {
    using enum Announcement::Kind;
    if (announcement.kind == chosen || announcement.kind == prefill)
      state_->counter.count_announced(announcement.ids);
    detail::hint(state_->inner, announcement);
  }

  /// The counts by layer, up to the last layer of which an expert was acquired.
  std::vector<ExpertStatistics> layers() const { return state_->counter.layers(); }

  /// The sum of all layers.
  ExpertStatistics total() const {
    ExpertStatistics sum;
    for (const ExpertStatistics& layer : layers()) sum += layer;
    return sum;
  }

  Inner& inner() { return state_->inner; }

 private:
  struct State {
    Inner inner;
    detail::ExpertCounter counter;
  };

  static std::size_t bytes_of(const LeaseOf<Inner>& lease) {
    const ExpertWeights& weights = *lease;
    return weights.bytes();
  }

  std::unique_ptr<State> state_;  // on the heap, because a mutex cannot move, and the provider may move
};

}  // namespace moe::inline MOE_ABI
