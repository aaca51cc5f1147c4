#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "provider.hpp"
#include "replay_policies.hpp"
#include "residency.hpp"
#include "trace.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// What can be replayed. `decayed` is what the engine does; `lru_floor` differs from it in the eviction alone.
enum class ReplayPolicy { belady, lru, lru_floor, decayed, lfu, layer_lfu, random };

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

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// In which order the experts of a visit are asked for.
enum class ReplayOrder {
  // As recorded, one after the other; a prompt's once per layer, where each comes first. None makes room for another of the
  // same visit. So caches are compared in publications.
  rank,
  // As the engine does: first those that are there, then the others; a prompt takes each expert once per layer.
  hits_first,
};

/// How many of the experts that were asked for were resident. Prompts warm the cache and do not count.
struct ReplayCounts {
  std::uint64_t hits = 0;
  std::uint64_t requests = 0;

  double hit_percent() const;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Plays a trace to a cache, or to one for each layer.
template <class Eviction>
class Player {
 public:
  /// One cache of that budget, or, if `per_layer`, one for each layer, which share it equally.
  Player(const Trace& trace, const CacheOptions& options, bool per_layer, const Eviction& eviction)
      : trace_(trace), per_layer_(per_layer) {
    CacheOptions each = options;
    const std::size_t caches = per_layer ? std::max(trace.layers(), std::size_t{1}) : 1;
    each.budget_bytes /= caches;
    if (each.budget_bytes < options.largest_bytes)
      fail("replay", "budget", concat("at least ", options.largest_bytes * caches, " bytes"),
           concat(options.budget_bytes));
    for (std::size_t cache = 0; cache < caches; ++cache) caches_.emplace_back(each, eviction);
  }

  /// `cursor`: set to the number of each choice of the trace before it is used.
  ReplayCounts play(ReplayOrder order, std::size_t* cursor = nullptr) {
    cursor_ = cursor;
    for (std::size_t i = 0; i < trace_.size();)
      i = order == ReplayOrder::rank ? play_in_rank(i) : play_hits_first(i);
    return counts_;
  }

 private:
  struct Request {
    std::uint32_t number;  // of the expert
    ExpertId id;
    std::size_t choice;      // its number among all choices of the trace; of many, the last
    std::size_t tokens = 1;  // how many chose it
    bool resident = false;
  };

  /// The experts of a visit are needed together: none of them makes room for another.
  std::size_t play_in_rank(std::size_t i) {
    const bool prompt = trace_[i].prompt;
    const std::size_t end = gather(i, false);
    for (Request& request : requests_) {
      request.resident = cache_of(request).resident(request.number);
      if (request.resident) cache_of(request).pin(request.number);
      if (!prompt) count(request.resident);
    }
    for (const Request& request : requests_) {
      if (!request.resident && !admit(request, Admission::demanded)) continue;
      acquire(request);
    }
    for (const Request& request : requests_) {
      if (!cache_of(request).resident(request.number)) continue;
      cache_of(request).released(request.number);
      if (request.resident) cache_of(request).released(request.number);
    }
    return end;
  }

  /// What moe_layer.hpp does with a layer's groups, step by step.
  std::size_t play_hits_first(std::size_t i) {
    const TraceVisit first = trace_[i];
    const std::size_t end = gather(i, true);
    const bool together = end - i > 1;  // many tokens of a prompt
    missing_.clear();
    for (const Request& request : requests_) {
      const bool hit = cache_of(request).resident(request.number);
      if (!hit) missing_.push_back(request);
      if (hit) acquire(request);
      if (!first.prompt) count(hit);
    }
    announce(0, together);
    for (const Request& request : requests_)
      if (!is_missing(request)) cache_of(request).released(request.number);
    for (std::size_t m = 0; m < missing_.size(); ++m) {
      if (!cache_of(missing_[m]).resident(missing_[m].number)) admit(missing_[m], Admission::demanded);
      use(missing_[m]);
      if (together) announce(m + 1, true);
    }
    if (together) mark_hot();
    return end;
  }

  /// The requests of the visit i, or of a prompt's whole chunk in one layer, in the order of the experts or, if not `sorted`,
  /// in that in which they come first; returns what comes behind.
  std::size_t gather(std::size_t i, bool sorted) {
    const TraceVisit first = trace_[i];
    requests_.clear();
    do {
      const TraceVisit visit = trace_[i];
      for (std::size_t slot = 0; slot < visit.experts.size(); ++slot) {
        const Request request = request_of(visit, slot);
        std::size_t at = 0;
        while (at < requests_.size() &&
               (sorted ? requests_[at].number < request.number : requests_[at].number != request.number))
          ++at;
        if (at < requests_.size() && requests_[at].number == request.number) {
          ++requests_[at].tokens;
          requests_[at].choice = request.choice;
        } else {
          requests_.insert(requests_.begin() + static_cast<std::ptrdiff_t>(at), request);
        }
      }
      ++i;
    } while (i < trace_.size() && first.prompt && trace_[i].prompt && trace_[i].layer == first.layer &&
             trace_[i].turn == first.turn);
    return i;
  }

  Request request_of(const TraceVisit& visit, std::size_t slot) const {
    const std::uint32_t expert = visit.experts[slot];
    const auto number = static_cast<std::uint32_t>(visit.layer * trace_.experts() + expert);
    return {number, {visit.layer, expert}, trace_.choice(visit, slot)};
  }

  bool is_missing(const Request& request) const {
    for (const Request& other : missing_)
      if (other.number == request.number) return true;
    return false;
  }

  Residency<Eviction>& cache_of(const Request& request) { return caches_[per_layer_ ? request.id.layer : 0]; }

  bool admit(const Request& request, Admission why) {
    if (cursor_) *cursor_ = request.choice;
    const auto bytes = static_cast<std::size_t>(trace_.expert_bytes(request.id.layer));
    return cache_of(request).admit(request.number, request.id, bytes == 0 ? 1 : bytes, why,
                                   [](std::uint32_t) {});
  }

  /// Lets in those that are missing from `first` on, in this order or not at all.
  void announce(std::size_t first, bool together) {
    for (std::size_t m = first; m < std::min(first + announced_ahead, missing_.size()); ++m) {
      if (cache_of(missing_[m]).resident(missing_[m].number)) continue;
      if (!admit(missing_[m], together ? Admission::prefill : Admission::chosen)) return;
    }
  }

  void acquire(const Request& request) {
    if (cursor_) *cursor_ = request.choice;
    cache_of(request).acquired(request.number);
  }

  void use(const Request& request) {
    acquire(request);
    cache_of(request).released(request.number);
  }

  void mark_hot() {
    std::ranges::stable_sort(requests_, std::greater{}, &Request::tokens);
    hot_.clear();
    for (const Request& request : requests_) hot_.push_back(request.number);
    cache_of(requests_.front()).mark_hot({hot_.data(), hot_.size()});
  }

  void count(bool hit) {
    counts_.hits += hit;
    ++counts_.requests;
  }

  const Trace& trace_;
  bool per_layer_;
  std::vector<Residency<Eviction>> caches_;
  std::vector<Request> requests_, missing_;
  std::vector<std::uint32_t> hot_;
  ReplayCounts counts_;
  std::size_t* cursor_ = nullptr;
};

/// When each choice of a trace is made again.
Belady::Future future_of(const Trace& trace);

/// What a cache knows of the model of a trace.
CacheOptions residency_of(const Trace& trace, std::size_t budget_bytes);

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Plays a trace to a cache under these options.
template <class Eviction>
ReplayCounts replay(const Trace& trace, const CacheOptions& options, ReplayOrder order) {
  return detail::Player<Eviction>(trace, options, false, Eviction()).play(order);
}

/// The hits of a policy on a trace. Throws if the budget has no room for one expert, of each layer for layer_lfu.
/// A template, so that only who replays pays for compiling all the policies.
ReplayCounts replay(const Trace& trace, ReplayPolicy policy, std::size_t budget_bytes,
                    ReplayOrder order = ReplayOrder::hits_first);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "replay.ipp"
#endif
