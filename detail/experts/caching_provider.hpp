// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "cache_budget.hpp"
#include "cache_state.hpp"
#include "check_provider.hpp"
#include "decayed_frequency.hpp"
#include "eviction_policy.hpp"
#include "expert.hpp"
#include "lossy.hpp"
#include "optional_members.hpp"
#include "provider.hpp"
#include "residency.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace moe::inline MOE_ABI {

/// Keeps leases of `Inner` alive within a budget in bytes. When the budget is full, `Eviction`, an EvictionPolicy, chooses the
/// leases that end. If several callers request an expert at the same time, it is loaded once. Thread-safe.
///
/// Admission and loading are separate steps. hint() admits announced experts, and evicts other experts for them; the first
/// caller of acquire() or load() loads an admitted expert, outside the lock. So evictions depend on the order of the calls
/// only, not on the speed of reading. Admitted experts count as resident. All resident experts together are never larger than
/// the budget.
template <ExpertProvider Inner, class Eviction = DecayedFrequency>
class CachingProvider {
  static_assert(check_provider<Inner>());
  static_assert(!detail::is_lossy<Inner>(),
                "moe: a cache would keep small copies of experts as if they were exact: put the cache within "
                "the FallbackProvider");
  static_assert(check_eviction_policy<Eviction>());
  // With a wrong policy, check_eviction_policy() gives the only compiler error.
  using Policy = std::conditional_t<EvictionPolicy<Eviction>, Eviction, DecayedFrequency>;
  using State = detail::CacheState<Inner, Policy>;

 public:
  using CacheBudget = void;  // budget_bytes() is the budget of a cache

  /// A leased expert is not evicted. Leases of one expert share its weights.
  using Lease = typename State::Lease;

  /// Throws if the budget is known to be smaller than one expert. Throws if `inner` contains a cache with a smaller budget: the
  /// inner cache could not serve all leases that this cache keeps, and acquire() would wait for ever. Options that are 0 are
  /// taken from the catalog of `inner`, if there is one.
  CachingProvider(Inner inner, std::size_t budget_bytes)
      : CachingProvider(std::move(inner), options_of(budget_bytes)) {}
  CachingProvider(Inner inner, const CacheOptions& options) : state_(new State(std::move(inner), options)) {}

  /// Waits while leases of other experts leave no room. Throws what `Inner` throws. Throws an Error if the expert is larger
  /// than the part of the budget that pinned experts leave. Errors are not stored: each call tries again.
  Lease acquire(ExpertId id) { return state_->acquire(id); }

  std::optional<Lease> try_acquire(ExpertId id) { return state_->try_acquire(id); }

  /// Admits experts that were chosen, for single tokens or for a prompt, in the order of the ids, as long as there is room.
  /// Predicted experts are admitted by load(); a new prediction makes the experts of the previous prediction evictable.
  void hint(const Announcement& announcement) noexcept {
    try {
      state_->hint(announcement);
      if constexpr (detail::takes_hints<Inner>()) state_->pass_on(announcement);
    } catch (...) {  // acquire() admits such an expert, or throws the error
    }
  }

  /// Loads an admitted expert unless its loading has begun. A predicted expert is admitted first, if there is room. Errors
  /// are dropped: acquire() tries again, and throws if the error occurs again.
  void load(ExpertId id, Announcement::Kind kind) noexcept {
    try {
      state_->load_announced(id, kind);
    } catch (...) {
    }
  }

  /// Pins these experts in order: loads each of them, and keeps it resident as long as the cache lives. Stops before the first
  /// expert that would leave less than half of the budget to other experts, or less than the size of the largest expert known
  /// so far. Returns how many of `ids` are pinned now. An expert that was pinned before counts, too, but takes no further part
  /// of the budget. Throws what acquire() throws; the experts before the one that failed stay pinned.
  std::size_t pin(std::span<const ExpertId> ids) {
    std::size_t pinned = 0;
    while (pinned < ids.size() && state_->pin(ids[pinned])) ++pinned;
    return pinned;
  }

  /// The memory of a lease: the bytes that `Inner` states. If `Inner` states 0, the size of the weights of one expert of the
  /// same layer, which is acquired from `Inner` once for this purpose. 0 if that expert cannot be acquired.
  std::size_t bytes(ExpertId id) {
    try {
      return state_->size_of(id);
    } catch (const Error&) {  // acquire() throws the error
      return 0;
    }
  }

  /// Whether an expert is loaded, so that try_acquire() succeeds. Does not count as a use.
  bool contains(ExpertId id) const { return state_->contains(id); }

  /// Counts since the construction. Thread-safe.
  CacheStatistics statistics() const { return state_->statistics(); }
  /// The most bytes that all resident experts take together.
  std::size_t budget_bytes() const { return state_->budget_bytes(); }

  Inner& inner() { return state_->inner(); }

 private:
  static CacheOptions options_of(std::size_t budget_bytes) {
    CacheOptions options;
    options.budget_bytes = budget_bytes;
    return options;
  }

  std::unique_ptr<State> state_;  // on the heap, because leases point to the state, and the provider may move
};

}  // namespace moe::inline MOE_ABI
