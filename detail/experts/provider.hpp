// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// std::movable without the requirements that are slow to compile.
template <class T>
concept Movable = std::is_move_constructible_v<T> && std::is_move_assignable_v<T>;

/// The engine announces at most this many missing experts of a layer before it acquires the first of them. The number is
/// greater than the usual number of threads that read.
inline constexpr std::size_t announced_ahead = 16;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// A claim on readable weights: `*lease` stays valid until the lease is destroyed, whatever else is acquired or evicted.
/// `const ExpertWeights*` is the simplest lease.
template <class L>
concept ExpertLease = detail::Movable<L> && requires(const L lease) {
  { *lease } -> std::convertible_to<const ExpertWeights&>;
};

/// Tells a provider which experts will be needed, or are worth keeping. A provider may ignore announcements: they change the
/// speed, and not the results, except with a FallbackProvider, which chooses small copies by the announced weights.
struct Announcement {
  /// Why the experts are announced.
  enum class Kind {
    chosen,     // the router chose the experts for one token of each text: they will be acquired
    prefill,    // the router chose the experts for a prompt, which says little about later tokens
    predicted,  // a guess of what the router of the next layer will choose; replaces the previous guess
    hot,        // the experts that a prompt used in one layer, most used first: worth keeping
    used,       // the experts that one token of each of several texts used in one layer, with `tokens`
  };

  // Of one layer. If chosen or prefill: in the order in which the engine waits for them. If predicted: most likely first.
  std::span<const ExpertId> ids;
  // [ids]: the router's weight of each expert, summed over the tokens that chose the expert; empty if unknown.
  std::span<const float> weights = {};
  // [ids]: if used, how many of the tokens chose each expert.
  std::span<const std::uint32_t> tokens = {};
  Kind kind = Kind::chosen;  // what the provider may expect of the experts
  // If chosen for one token: the sum of the router's weights of all experts of the token, resident ones included. 0: unknown.
  float total_weight = 0;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Whether an announcement tells which experts were used, not which experts will be acquired.
constexpr bool is_about_past(Announcement::Kind kind) {
  return kind == Announcement::Kind::hot || kind == Announcement::Kind::used;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Anything that delivers experts. The router chooses and the provider delivers: a provider must have every expert that the
/// router of a layer may choose.
///
/// | required member          | returns              | meaning                                                        |
/// |--------------------------|----------------------|----------------------------------------------------------------|
/// | provider.acquire(id)     | a lease              | blocks until the weights can be read; throws moe::Error        |
///
/// | optional member          | returns              | meaning                                | without it            |
/// |--------------------------|----------------------|----------------------------------------|-----------------------|
/// | try_acquire(id)          | std::optional<Lease> | the expert if it can be read now: no   | no expert counts as   |
/// |                          |                      | I/O and no waiting; may throw          | resident              |
/// | hint(announcement)       | void, noexcept       | see Announcement; returns soon         | hints are lost        |
/// | load(id, kind)           | void, noexcept       | loads an announced expert without a    | a prefetcher acquires |
/// |                          |                      | lease; errors are dropped              | it and ends the lease |
/// | bytes(id)                | std::size_t          | the memory that a lease takes, padding | a cache acquires one  |
/// |                          |                      | included; 0: unknown, or no such id    | per layer to measure  |
/// | largest_bytes()          | std::size_t          | the most that bytes(id) returns;       | too small a budget    |
/// |                          |                      | 0: unknown                             | fails at acquire()    |
/// | catalog()                | const ExpertCatalog& | where all experts lie; a pointer that  | a cache allocates as  |
/// |                          | or a pointer to one  | may be null is allowed as well         | experts appear        |
/// | inner()                  | a reference          | the provider within an adapter: what   | it is no adapter      |
/// |                          |                      | the adapter lacks is looked for there  |                       |
///
/// A prefetcher calls load(id, kind) with the kind predicted, or with the kind chosen, also for the experts of a prompt.
/// try_acquire() of an inner provider is used only if its lease type is the lease type of the adapter; so an adapter that
/// checks or counts leases defines try_acquire() itself. check_provider() refuses misspelt and wrongly typed members at
/// compile time.
///
/// - Threads: all members are called from several threads at once.
/// - Lifetime: a lease stays valid if its provider moves, but not if its provider is destroyed.
/// - Errors are not stored: the next acquire() tries again.
/// - Progress: a thread that calls acquire() holds no lease, so a provider with room for one expert can serve any number
///   of threads. try_acquire() may be called while leases are held.
///
/// The smallest provider:
///
///   struct Mine {
///     const moe::ExpertWeights* acquire(moe::ExpertId id);
///   };
template <class P>
concept ExpertProvider = detail::Movable<P> && requires(P provider, ExpertId id) {
  { provider.acquire(id) } -> ExpertLease;
};

/// The type of the leases of a provider.
template <ExpertProvider P>
using LeaseOf = decltype(std::declval<P&>().acquire(ExpertId{}));

}  // namespace moe::inline MOE_ABI
