// SPDX-License-Identifier: MIT
#pragma once
#include "replay.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "decayed_frequency.hpp"
#include "lru.hpp"
#include "provider.hpp"
#include "replay_policies.hpp"
#include "residency.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Sends the requests of a trace to one cache, or to one cache for each layer.
class Player {
 public:
  /// Several caches share the budget equally.
  Player(ReplayRequests& requests, const CacheOptions& options, const AnyEviction& policy)
      : requests_(requests) {
    const std::size_t caches = std::max(requests.caches(), std::size_t{1});
    const std::size_t largest_bytes = std::max(options.largest_bytes, std::size_t{1});
    CacheOptions each = options;
    each.budget_bytes /= caches;
    if (each.budget_bytes < largest_bytes)
      fail("replay", "budget", concat("at least ", largest_bytes * caches, " bytes"),
           concat(options.budget_bytes, " bytes"));
    for (std::size_t cache = 0; cache < caches; ++cache) caches_.emplace_back(each, policy);
  }

  /// cursor: may be null. Otherwise play() writes the index of each choice to *cursor before the eviction policy learns of it.
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
      if (!prompt) count(request);
    }
    // The experts of a visit have equal sizes, so if there is no room for one expert, there is no room for the others.
    bool full = false;
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

  /// Requests experts in the order of detail/model/feed_forward/executor.ipp. together: whether the requests are those of
  /// several tokens, of a prompt or of several texts.
  void play_hits_first(bool prompt, bool together) {
    missing_.clear();
    for (ReplayRequest& request : visit_) {
      request.resident = is_resident(request);
      if (request.resident) acquire(request);
      if (!request.resident) missing_.push_back(request);
      if (!prompt) count(request);
    }
    const Admission why = prompt && together ? Admission::prefill : Admission::chosen;
    announce(0, why);
    for (const ReplayRequest& request : visit_)
      if (request.resident) cache_of(request).released(request.number);
    for (std::size_t m = 0; m < missing_.size(); ++m) {
      if (!is_resident(missing_[m])) admit(missing_[m], Admission::demanded);
      acquire(missing_[m]);
      cache_of(missing_[m]).released(missing_[m].number);
      if (together) announce(m + 1, why);
    }
    if (together) prompt ? mark_hot() : count_pass();
  }

  /// Admits missing experts from index `first` on: at most announced_ahead experts, and none after the first without room.
  void announce(std::size_t first, Admission why) {
    for (std::size_t m = first; m < std::min(first + announced_ahead, missing_.size()); ++m) {
      if (is_resident(missing_[m])) continue;
      if (!admit(missing_[m], why)) return;
    }
  }

  void mark_hot() {
    std::stable_sort(visit_.begin(), visit_.end(),
                     [](const ReplayRequest& a, const ReplayRequest& b) { return a.tokens > b.tokens; });
    past_.clear();
    for (const ReplayRequest& request : visit_) past_.push_back(request.number);
    cache_of(visit_.front()).mark_hot(past_);
  }

  void count_pass() {
    if (cursor_) return;  // Belady's policy reads later requests, and counts no past ones
    past_.clear();
    tokens_.clear();
    for (const ReplayRequest& request : visit_) {
      past_.push_back(request.number);
      tokens_.push_back(static_cast<std::uint32_t>(request.tokens));
    }
    cache_of(visit_.front()).count_pass(past_, tokens_);
  }

  bool admit(const ReplayRequest& request, Admission why) {
    if (cursor_) *cursor_ = request.choice;
    return cache_of(request).admit(request.number, request.id, request.bytes, why, [](std::uint32_t) {});
  }

  void acquire(const ReplayRequest& request) {
    if (cursor_) *cursor_ = request.choice;
    cache_of(request).acquired(request.number);
  }

  Residency<AnyEviction>& cache_of(const ReplayRequest& request) { return caches_[request.cache]; }
  bool is_resident(const ReplayRequest& request) { return cache_of(request).resident(request.number); }

  void count(const ReplayRequest& request) {
    counts_.hits += request.resident;
    counts_.read_bytes += request.resident ? 0 : request.bytes;
    ++counts_.requests;
  }

  ReplayRequests& requests_;
  std::vector<Residency<AnyEviction>> caches_;
  std::vector<ReplayRequest> visit_, missing_;
  std::vector<std::uint32_t> past_, tokens_;
  ReplayCounts counts_;
  std::size_t* cursor_ = nullptr;
};

MOE_INLINE ReplayCounts replay_policy(const Trace& trace, const AnyEviction& policy, std::size_t budget_bytes,
                                      ReplayOrder order) {
  CacheOptions options = cache_options_of(trace, budget_bytes);
  options.cold_prompts = order == ReplayOrder::hits_first;
  ReplayRequests requests(trace, false);
  return Player(requests, options, policy).play(order);
}

/// The eviction policy of that name. future: used by Belady's policy alone; must outlive the result.
inline AnyEviction eviction_of(ReplayPolicy policy, const Belady::Future& future) {
  switch (policy) {
    case ReplayPolicy::belady: return AnyEviction(Belady(future));
    case ReplayPolicy::decayed: return AnyEviction(DecayedFrequency());
    case ReplayPolicy::lfu:
    case ReplayPolicy::layer_lfu: return AnyEviction(Lfu());
    case ReplayPolicy::random: return AnyEviction(RandomEviction());
    default: return AnyEviction(Lru());
  }
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE double ReplayCounts::hit_percent() const {
  return requests == 0 ? 0 : 100 * static_cast<double>(hits) / static_cast<double>(requests);
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ReplayCounts Replay::operator()(const Trace& trace, ReplayPolicy policy, std::size_t budget_bytes,
                                           ReplayOrder order) const {
  ReplayRequests requests(trace, policy == ReplayPolicy::layer_lfu);
  CacheOptions options = cache_options_of(trace, budget_bytes);
  options.cold_prompts = order == ReplayOrder::hits_first;
  options.floor = policy == ReplayPolicy::lru_floor || policy == ReplayPolicy::decayed;
  const bool belady = policy == ReplayPolicy::belady;
  if (belady) options.cold_prompts = false;
  Belady::Future future = belady ? requests.future() : Belady::Future();
  return Player(requests, options, eviction_of(policy, future)).play(order, belady ? &future.now : nullptr);
}

}  // namespace moe::inline MOE_ABI::detail
