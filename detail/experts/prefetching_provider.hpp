// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "check_provider.hpp"
#include "optional_members.hpp"
#include "prefetch_queue.hpp"
#include "provider.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace moe::inline MOE_ABI {

/// Loads announced experts in the background, on threads that mostly wait for the disk.
///
/// - Chosen experts are loaded before predicted experts. The loading of a predicted expert begins only while no thread waits in
///   acquire() and no chosen expert is queued. The next announcement withdraws a prediction, except announcements of the kinds
///   hot and used.
/// - If an expert is acquired before a background thread has begun to load it, acquire() loads the expert instead.
/// - Errors of the background threads are dropped: acquire() loads the expert again, and throws if that fails.
///
/// Useful around a provider that keeps what it has loaded, such as CachingProvider. The background threads call load(id, kind)
/// of `Inner`; if `Inner` has no such member, they acquire the expert and destroy the lease.
template <ExpertProvider Inner>
class PrefetchingProvider {
  static_assert(check_provider<Inner>());

 public:
  /// No disk that was measured gains from more threads.
  static constexpr std::size_t default_io_threads = 4;

  /// io_threads: how many threads load experts; 0 counts as 1.
  explicit PrefetchingProvider(Inner inner, std::size_t io_threads = default_io_threads)
      : state_(new State(std::move(inner), io_threads)) {}

  LeaseOf<Inner> acquire(ExpertId id) {
    const detail::PrefetchQueue::Demand demand(state_->queue, id);
    return state_->inner.acquire(id);
  }

  std::optional<LeaseOf<Inner>> try_acquire(ExpertId id) { return detail::try_acquire(state_->inner, id); }

  void hint(const Announcement& announcement) noexcept {
    detail::hint(state_->inner, announcement);
    if (!detail::is_about_past(announcement.kind)) state_->queue.enqueue(announcement);
  }

  /// The number of threads that load experts.
  std::size_t io_threads() const { return state_->queue.io_threads(); }

  Inner& inner() { return state_->inner; }

 private:
  struct State {
    State(Inner from, std::size_t io_threads)
        : inner(std::move(from)), queue(io_threads, &State::load, &inner) {}

    static void load(void* provider, ExpertId id, Announcement::Kind kind) {
      detail::load(*static_cast<Inner*>(provider), id, kind);
    }

    Inner inner;
    detail::PrefetchQueue queue;  // last: its threads use `inner`
  };

  std::unique_ptr<State> state_;  // on the heap, because the threads use the state, and the provider may move
};

}  // namespace moe::inline MOE_ABI
