#pragma once
#include "replay.hpp"
#include "decayed_frequency.hpp"
#include "lru.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void sort_by_tokens(std::vector<ReplayRequest>& requests) {
  std::stable_sort(requests.begin(), requests.end(),
                   [](const ReplayRequest& a, const ReplayRequest& b) { return a.tokens > b.tokens; });
}

MOE_INLINE void refuse_replay_budget(std::size_t needed_bytes, std::size_t budget_bytes) {
  fail("replay", "budget", concat("at least ", needed_bytes, " bytes"), concat(budget_bytes));
}

template <class Eviction>
ReplayCounts replay_with(ReplayRequests& requests, const CacheOptions& options, ReplayOrder order) {
  return Player<Eviction>(requests, options, Eviction()).play(order);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE double ReplayCounts::hit_percent() const {
  return requests == 0 ? 0 : 100 * static_cast<double>(hits) / static_cast<double>(requests);
}

MOE_INLINE ReplayCounts replay(const Trace& trace, ReplayPolicy policy, std::size_t budget_bytes,
                               ReplayOrder order) {
  detail::ReplayRequests requests(trace, policy == ReplayPolicy::layer_lfu);
  CacheOptions options = detail::cache_options_of(trace, budget_bytes);
  options.cold_prompts = order == ReplayOrder::hits_first;
  options.floor = policy == ReplayPolicy::lru_floor || policy == ReplayPolicy::decayed;
  switch (policy) {
    case ReplayPolicy::belady: {
      detail::Belady::Future future = requests.future();
      options.cold_prompts = false;
      return detail::Player<detail::Belady>(requests, options, detail::Belady(future))
          .play(order, &future.now);
    }
    case ReplayPolicy::lru:
    case ReplayPolicy::lru_floor: return detail::replay_with<Lru>(requests, options, order);
    case ReplayPolicy::decayed: return detail::replay_with<DecayedFrequency>(requests, options, order);
    case ReplayPolicy::lfu:
    case ReplayPolicy::layer_lfu: return detail::replay_with<detail::Lfu>(requests, options, order);
    case ReplayPolicy::random: return detail::replay_with<detail::RandomEviction>(requests, options, order);
  }
  return {};
}

}  // namespace moe::inline MOE_ABI
