// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "any_eviction.hpp"
#include "eviction_policy.hpp"
#include "replay_requests.hpp"
#include "trace.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace moe::inline MOE_ABI {

/// The policies that a replay knows by name. `decayed` is the policy of the engine. `lru_floor` evicts by LRU and otherwise
/// equals `decayed`: both keep a floor of experts for each layer (CacheOptions::floor in residency.hpp). All other policies
/// keep no floor. `layer_lfu` gives each layer a cache of its own.
enum class ReplayPolicy { belady, lru, lru_floor, decayed, lfu, layer_lfu, random };

/// How many of the requested experts were resident. Requests of prompts change the cache, but are not counted.
struct ReplayCounts {
  std::uint64_t hits = 0;  // requests of experts that were resident
  /// Requests of experts by tokens after a prompt. If several texts in one pass chose an expert, they request it once.
  std::uint64_t requests = 0;
  std::uint64_t read_bytes = 0;  // of requested experts that were not resident

  /// 100 · hits / requests; 0 without requests.
  double hit_percent() const;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

inline constexpr ReplayPolicy replay_policies[] = {
    ReplayPolicy::belady, ReplayPolicy::lru,       ReplayPolicy::lru_floor, ReplayPolicy::decayed,
    ReplayPolicy::lfu,    ReplayPolicy::layer_lfu, ReplayPolicy::random};

constexpr std::string_view name(ReplayPolicy policy) {
  constexpr std::string_view names[] = {"belady", "lru",       "lru_floor", "decayed",
                                        "lfu",    "layer_lfu", "random"};
  return names[static_cast<std::size_t>(policy)];
}

/// Replays the requests of a trace with a cache that evicts by a copy of `policy`.
ReplayCounts replay_policy(const Trace& trace, const AnyEviction& policy, std::size_t budget_bytes,
                           ReplayOrder order);

/// The type of moe::replay.
struct Replay {
  template <class Eviction>
  requires std::is_class_v<Eviction> ReplayCounts
  operator()(const Trace& trace, const Eviction& policy, std::size_t budget_bytes,
             ReplayOrder order = ReplayOrder::hits_first) const {
    static_assert(check_eviction_policy<Eviction>());
    if constexpr (EvictionPolicy<Eviction>)
      return replay_policy(trace, AnyEviction(policy), budget_bytes, order);
  }

  ReplayCounts operator()(const Trace& trace, ReplayPolicy policy, std::size_t budget_bytes,
                          ReplayOrder order = ReplayOrder::hits_first) const;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// replay(trace, policy, budget_bytes, order) replays the requests of a trace with a cache that evicts by a copy of `policy`,
/// an EvictionPolicy or a ReplayPolicy, and returns the counts. An expert whose size the trace does not state counts as one
/// byte. Throws if the budget is smaller than the largest expert (layer_lfu: than the largest expert times the number of layers
/// that have visits).
inline constexpr detail::Replay replay;

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "replay.ipp"
#endif
