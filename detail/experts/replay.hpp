#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "eviction_policy.hpp"
#include "provider.hpp"
#include "replay_requests.hpp"
#include "residency.hpp"
#include "trace.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

namespace moe::inline MOE_ABI {

/// The policies that a replay knows by name. `decayed` is what the engine does; `lru_floor` differs from it in the eviction
/// policy alone; `layer_lfu` gives each layer a cache of its own.
enum class ReplayPolicy { belady, lru, lru_floor, decayed, lfu, layer_lfu, random };

/// How many of the requested experts were resident. Requests of prompts warm the cache and are not counted.
struct ReplayCounts {
  std::uint64_t hits = 0;
  std::uint64_t requests = 0;

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

/// Sorts requests by their number of tokens, largest first; equal ones stay in order.
void sort_by_tokens(std::vector<ReplayRequest>& requests);

[[noreturn]] void refuse_replay_budget(std::size_t needed_bytes, std::size_t budget_bytes);

/// Plays the requests of a trace to one cache, or to one for each layer.
template <class Eviction>
class Player {
 public:
  /// Several caches share the budget equally.
  Player(ReplayRequests& requests, const CacheOptions& options, const Eviction& eviction)
      : requests_(requests) {
    const std::size_t caches = std::max(requests.caches(), std::size_t{1});
    CacheOptions each = options;
    each.budget_bytes /= caches;
    if (each.budget_bytes < options.largest_bytes)
      refuse_replay_budget(options.largest_bytes * caches, options.budget_bytes);
    for (std::size_t cache = 0; cache < caches; ++cache) caches_.emplace_back(each, eviction);
  }

  /// `cursor`, if it is not null, is set to the index of a choice before the eviction policy hears of its use.
  ReplayCounts play(ReplayOrder order, std::size_t* cursor = nullptr) {
    cursor_ = cursor;
    const Trace& trace = requests_.trace();
    for (std::size_t i = 0; i < trace.size();) {
      const TraceVisit first = trace[i];
      if (first.experts.empty()) {
        ++i;
        continue;
      }
      const std::size_t end = requests_.gather(i, order, visit_);
      if (order == ReplayOrder::rank) {
        play_in_rank(first.prompt);
      } else {
        play_hits_first(first.prompt, end - i > 1);
      }
      i = end;
    }
    return counts_;
  }

 private:
  void play_in_rank(bool prompt) {
    for (ReplayRequest& request : visit_) {
      request.resident = is_resident(request);
      if (request.resident) cache_of(request).pin(request.number);
      if (!prompt) count(request.resident);
    }
    bool full =
        false;  // experts of a visit have equal sizes: without room for one there is none for those after it
    for (const ReplayRequest& request : visit_) {
      if (!request.resident && !full) full = !admit(request, Admission::demanded);
      if (is_resident(request)) acquire(request);
    }
    for (const ReplayRequest& request : visit_) {
      if (!is_resident(request)) continue;
      cache_of(request).released(request.number);
      if (request.resident) cache_of(request).released(request.number);  // the pin
    }
  }

  /// The steps of moe_layer.ipp. `together`: for several tokens of a prompt.
  void play_hits_first(bool prompt, bool together) {
    missing_.clear();
    for (ReplayRequest& request : visit_) {
      request.resident = is_resident(request);
      if (request.resident) acquire(request);
      if (!request.resident) missing_.push_back(request);
      if (!prompt) count(request.resident);
    }
    announce(0, together);
    for (const ReplayRequest& request : visit_)
      if (request.resident) cache_of(request).released(request.number);
    for (std::size_t m = 0; m < missing_.size(); ++m) {
      if (!is_resident(missing_[m])) admit(missing_[m], Admission::demanded);
      acquire(missing_[m]);
      cache_of(missing_[m]).released(missing_[m].number);
      if (together) announce(m + 1, true);
    }
    if (together) mark_hot();
  }

  /// Admits missing experts from index `first` on, until there is no room for one of them.
  void announce(std::size_t first, bool together) {
    for (std::size_t m = first; m < std::min(first + announced_ahead, missing_.size()); ++m) {
      if (is_resident(missing_[m])) continue;
      if (!admit(missing_[m], together ? Admission::prefill : Admission::chosen)) return;
    }
  }

  void mark_hot() {
    sort_by_tokens(visit_);
    hot_.clear();
    for (const ReplayRequest& request : visit_) hot_.push_back(request.number);
    cache_of(visit_.front()).mark_hot(hot_);
  }

  bool admit(const ReplayRequest& request, Admission why) {
    if (cursor_) *cursor_ = request.choice;
    return cache_of(request).admit(request.number, request.id, request.bytes, why, [](std::uint32_t) {});
  }

  void acquire(const ReplayRequest& request) {
    if (cursor_) *cursor_ = request.choice;
    cache_of(request).acquired(request.number);
  }

  Residency<Eviction>& cache_of(const ReplayRequest& request) { return caches_[request.cache]; }
  bool is_resident(const ReplayRequest& request) { return cache_of(request).resident(request.number); }

  void count(bool hit) {
    counts_.hits += hit;
    ++counts_.requests;
  }

  ReplayRequests& requests_;
  std::vector<Residency<Eviction>> caches_;
  std::vector<ReplayRequest> visit_, missing_;
  std::vector<std::uint32_t> hot_;
  ReplayCounts counts_;
  std::size_t* cursor_ = nullptr;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// The hits on a trace of a cache with a copy of `policy`. Throws if the budget has no room for one expert.
template <class Eviction>
requires std::is_class_v<Eviction> ReplayCounts replay(const Trace& trace, const Eviction& policy,
                                                       std::size_t budget_bytes,
                                                       ReplayOrder order = ReplayOrder::hits_first) {
  static_assert(check_eviction_policy<Eviction>());
  if constexpr (EvictionPolicy<Eviction>) {
    CacheOptions options = detail::cache_options_of(trace, budget_bytes);
    options.cold_prompts = order == ReplayOrder::hits_first;
    detail::ReplayRequests requests(trace, false);
    return detail::Player<Eviction>(requests, options, policy).play(order);
  }
}

/// The hits of a named policy on a trace. Throws if the budget has no room for one expert; for layer_lfu, of each layer.
ReplayCounts replay(const Trace& trace, ReplayPolicy policy, std::size_t budget_bytes,
                    ReplayOrder order = ReplayOrder::hits_first);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "replay.ipp"
#endif
