#pragma once
#include "replay.hpp"
#include "decayed_frequency.hpp"
#include "lru.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE double ReplayCounts::hit_percent() const {
  return requests == 0 ? 0 : 100 * static_cast<double>(hits) / static_cast<double>(requests);
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Belady::Future future_of(const Trace& trace) {
  Belady::Future future;
  future.next_use.assign(trace.choices(), trace.choices());
  std::vector<std::size_t> next(trace.layers() * trace.experts(), trace.choices());
  for (std::size_t i = trace.size(); i-- > 0;) {
    const TraceVisit visit = trace[i];
    for (std::size_t slot = visit.experts.size(); slot-- > 0;) {
      const std::size_t choice = trace.choice(visit, slot);
      std::size_t& later = next[visit.layer * trace.experts() + visit.experts[slot]];
      future.next_use[choice] = later;
      later = choice;
    }
  }
  return future;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE CacheOptions residency_of(const Trace& trace, std::size_t budget_bytes) {
  CacheOptions options;
  options.budget_bytes = budget_bytes;
  std::vector<char> visited(trace.layers());
  for (std::size_t i = 0; i < trace.size(); ++i) visited[trace[i].layer] = 1;
  for (const char layer : visited) options.layers += layer != 0;
  options.experts_per_token = trace.experts_per_token();
  for (std::size_t layer = 0; layer < trace.layers(); ++layer)
    options.largest_bytes =
        std::max(options.largest_bytes, static_cast<std::size_t>(trace.expert_bytes(layer)));
  return options;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ReplayCounts replay(const Trace& trace, ReplayPolicy policy, std::size_t budget_bytes,
                               ReplayOrder order) {
  CacheOptions options = detail::residency_of(trace, budget_bytes);
  options.cold_prompts = order == ReplayOrder::hits_first;
  options.floor = policy == ReplayPolicy::lru_floor || policy == ReplayPolicy::decayed;
  switch (policy) {
    case ReplayPolicy::belady: {
      detail::Belady::Future future = detail::future_of(trace);
      options.cold_prompts = false;
      return detail::Player<detail::Belady>(trace, options, false, detail::Belady(future))
          .play(order, &future.now);
    }
    case ReplayPolicy::lru:
    case ReplayPolicy::lru_floor: return replay<Lru>(trace, options, order);
    case ReplayPolicy::decayed: return replay<DecayedFrequency>(trace, options, order);
    case ReplayPolicy::lfu: return replay<detail::Lfu>(trace, options, order);
    case ReplayPolicy::layer_lfu:
      return detail::Player<detail::Lfu>(trace, options, true, detail::Lfu()).play(order);
    case ReplayPolicy::random: return replay<detail::RandomEviction>(trace, options, order);
  }
  return {};
}

}  // namespace moe::inline MOE_ABI
