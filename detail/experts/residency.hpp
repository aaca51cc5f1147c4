#pragma once
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/pairing_heap.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// What a cache knows of the model that it serves. All of it may be left out, and then costs hits, never correctness.
struct CacheOptions {
  std::size_t budget_bytes = 0;
  std::size_t layers = 0;             // with experts; 0: unknown, and then no layer has a floor
  std::size_t experts_per_token = 8;  // per layer
  std::size_t largest_bytes = 0;      // of one expert
  bool floor = true;                  // keep min(experts_per_token, an equal share) experts of each layer
  bool cold_prompts = true;           // experts that a prompt passes by enter cold
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Why an expert is admitted.
enum class Admission {
  demanded,   // somebody waits for it
  chosen,     // announced: it will be acquired
  prefill,    // the same, for the many tokens of a prompt, which says little about what comes next
  predicted,  // a guess
};

/// Which experts are resident, and which go: the bookkeeping of a cache, without weights, locks or files, so that a replay
/// does exactly what the cache does. Experts have numbers, given by the caller, from 0 on. Not thread-safe.
///
/// A resident expert can be evicted unless it is held (leased, being loaded or pinned) or expected (announced and not yet
/// acquired). Of those that can, cold ones go first, in the order in which they came; then whatever `Eviction` says. A
/// layer's last `floor` experts go only for others of that layer: with a budget below one token's cycle a plain LRU would
/// evict each expert just before it is used again.
template <class Eviction>
class Residency {
 public:
  static constexpr std::uint32_t none = detail::PairingHeaps::none;

  explicit Residency(const CacheOptions& options, const Eviction& eviction = Eviction())
      : options_(options), eviction_(eviction) {
    const std::size_t of_layers = options.layers * options.largest_bytes;
    const std::size_t share = of_layers == 0 ? 0 : options.budget_bytes / of_layers;
    const std::size_t k = options.experts_per_token;
    if (options.floor) floor_ = share < k ? share : k;
    // A prompt leaves its hot, but not so many that there is no room for the next layer's experts.
    const std::size_t experts = options.largest_bytes == 0 ? 0 : options.budget_bytes / options.largest_bytes;
    if (options.layers > 0 && experts > 2 * k) hot_ = (experts - 2 * k) / options.layers;
  }

  std::size_t budget_bytes() const { return options_.budget_bytes; }

  /// Of all resident experts, those that are being loaded included. Never above the budget.
  std::size_t resident_bytes() const { return resident_bytes_; }

  /// How many experts of a layer only others of that layer can evict.
  std::size_t floor() const { return floor_; }

  /// Allocates nothing more until there are more layers, or more experts, than these.
  void reserve(std::size_t layers, std::size_t experts_of_each) {
    resize(layers * experts_of_each);
    predicted_.reserve(experts_of_each);
    layers_.resize(layers);
    for (std::vector<std::uint32_t>& layer : layers_) layer.reserve(experts_of_each);
    if constexpr (requires { eviction_.reserve_layers(layers); }) eviction_.reserve_layers(layers);
  }

  bool resident(std::uint32_t expert) const {
    return expert < experts_.size() && experts_[expert].bytes != 0;
  }

  /// Makes room for an expert that is not resident and lets it in, expected. Calls on_evict(number) for each that goes.
  /// False, although some may have gone, if there is not enough room to be had.
  template <class OnEvict>
  bool admit(std::uint32_t expert, ExpertId id, std::size_t bytes, Admission why, OnEvict on_evict) {
    MOE_ASSERT(!resident(expert) && bytes > 0);
    make_known(expert, id);
    while (bytes > options_.budget_bytes - resident_bytes_) {
      const std::uint32_t victim = find_victim(id.layer, why);
      if (victim == none) return false;
      remove(victim);
      on_evict(victim);
    }
    Expert& entry = experts_[expert];
    entry.bytes = bytes;
    entry.holds = 0;
    entry.cold = why == Admission::predicted || (why == Admission::prefill && options_.cold_prompts);
    entry.expected_since = uses_ + 1;
    entry.predicted = why == Admission::predicted;
    if (entry.predicted) predicted_.push_back(expert);
    resident_bytes_ += bytes;
    if (!entry.cold) count_use(expert);
    if (entry.cold) entry.arrival = ++arrivals_;
    join_layer(expert);
    return true;
  }

  /// What was predicted, and is resident, has been chosen.
  void expect(std::uint32_t expert) {
    Expert& entry = experts_[expert];
    if (!entry.predicted || entry.expected_since == 0) return;
    entry.predicted = false;
    count_use(expert);
  }

  /// What was admitted is being read; and is there.
  void loading(std::uint32_t expert) { hold(expert); }
  void loaded(std::uint32_t expert) { let_go(expert); }

  /// Somebody takes a lease.
  void acquired(std::uint32_t expert) {
    hold(expert);
    Expert& entry = experts_[expert];
    const bool announced = entry.expected_since != 0 && !entry.predicted;
    entry.expected_since = 0;
    entry.predicted = false;
    if (!announced) count_use(expert);  // otherwise it counted when it was admitted
  }

  /// A lease has ended.
  void released(std::uint32_t expert) { let_go(expert); }

  void pin(std::uint32_t expert) { hold(expert); }

  /// It could not be loaded, or nobody wants it any more.
  void remove(std::uint32_t expert) {
    Expert& entry = experts_[expert];
    resident_bytes_ -= entry.bytes;
    entry.holds = 1;
    update(expert);
    entry.bytes = 0;
    leave_layer(expert);
  }

  /// The experts of a layer that a prompt used, most used first, of which the first are worth keeping.
  void mark_hot(std::span<const std::uint32_t> experts) {
    if (!options_.cold_prompts) return;
    for (std::size_t i = 0; i < experts.size() && i < hot_; ++i) {
      if (!resident(experts[i])) continue;
      hold(experts[i]);
      count_use(experts[i]);
      let_go(experts[i]);
    }
  }

  /// Nobody has to wait for what was predicted and not asked for since.
  void forget_predictions() {
    for (const std::uint32_t expert : predicted_) {
      if (!resident(expert) || !experts_[expert].predicted) continue;
      experts_[expert].expected_since = 0;
      update(expert);
    }
    predicted_.clear();
  }

 private:
  struct Expert {
    std::size_t bytes = 0;  // 0: not resident
    ExpertId id;
    std::uint32_t place = 0;           // in its layer's list
    std::uint32_t holds = 0;           // leases, loading and pins
    std::uint64_t expected_since = 0;  // the use at which it was announced, + 1; 0: it is not expected
    std::uint64_t arrival = 0;         // of a cold one
    bool cold = false;
    bool predicted = false;
    bool candidate = false;
    bool returning = false;  // it is in that list
  };

  void resize(std::size_t experts) {
    experts_.resize(experts);
    cold_.resize(experts);
    eviction_.resize(experts);
    returning_.reserve(experts);
  }

  void make_known(std::uint32_t expert, ExpertId id) {
    if (expert >= experts_.size()) resize(expert + std::size_t{1});
    if (id.layer >= layers_.size()) layers_.resize(id.layer + std::size_t{1});
    experts_[expert].id = id;
  }

  /// Age is measured in tokens: so many uses are one. While layers become known a token grows, but time never goes back.
  void advance_clock() {
    const std::size_t layers = options_.layers > 0 ? options_.layers : layers_.size();
    const std::size_t per_token = layers * options_.experts_per_token;
    const std::uint64_t token = per_token == 0 ? 0 : uses_ / per_token;
    if (token > token_) token_ = token;
  }

  /// It must not be a candidate.
  void count_use(std::uint32_t expert) {
    eviction_.use(expert, token_);
    experts_[expert].cold = false;
    ++uses_;
    advance_clock();
    if (token_ >= next_sweep_) sweep();
  }

  /// What was announced long ago was announced by somebody who has failed since.
  void sweep() {
    constexpr std::uint64_t patience_tokens = 16;
    next_sweep_ = token_ + patience_tokens;
    const std::uint64_t since = swept_uses_;
    swept_uses_ = uses_;
    for (std::uint32_t expert = 0; expert < experts_.size(); ++expert) {
      if (experts_[expert].expected_since == 0 || experts_[expert].expected_since > since) continue;
      experts_[expert].expected_since = 0;
      update(expert);
    }
  }

  void hold(std::uint32_t expert) {
    ++experts_[expert].holds;
    update(expert);
  }

  void let_go(std::uint32_t expert) {
    MOE_ASSERT(experts_[expert].holds > 0);
    --experts_[expert].holds;
    update(expert);
  }

  bool should_be_candidate(const Expert& entry) const {
    return entry.bytes != 0 && entry.holds == 0 && entry.expected_since == 0 &&
           layers_[entry.id.layer].size() > floor_;
  }

  /// What must not be evicted is no candidate at once; what may be is one when somebody looks for a victim, so that experts
  /// come and go in no time as long as there is room for all.
  void update(std::uint32_t expert) {
    Expert& entry = experts_[expert];
    const bool should = should_be_candidate(entry);
    if (!should && entry.candidate) leave_candidates(expert);
    if (!should || entry.candidate || entry.returning) return;
    entry.returning = true;
    returning_.push_back(expert);
  }

  void leave_candidates(std::uint32_t expert) {
    experts_[expert].candidate = false;
    if (experts_[expert].cold) {
      cold_.erase(coldest_, expert);
    } else {
      eviction_.erase(expert);
    }
  }

  void complete_candidates() {
    for (const std::uint32_t expert : returning_) {
      Expert& entry = experts_[expert];
      entry.returning = false;
      entry.candidate = should_be_candidate(entry);
      if (!entry.candidate) continue;
      if (entry.cold) {
        cold_.insert(coldest_, expert, static_cast<double>(entry.arrival));
      } else {
        eviction_.insert(expert, entry.id, token_);
      }
    }
    returning_.clear();
  }

  void join_layer(std::uint32_t expert) {
    std::vector<std::uint32_t>& layer = layers_[experts_[expert].id.layer];
    experts_[expert].place = static_cast<std::uint32_t>(layer.size());
    layer.push_back(expert);
    if (layer.size() == floor_ + 1) update_all(layer);
  }

  void leave_layer(std::uint32_t expert) {
    std::vector<std::uint32_t>& layer = layers_[experts_[expert].id.layer];
    layer[experts_[expert].place] = layer.back();
    experts_[layer.back()].place = experts_[expert].place;
    layer.pop_back();
    if (layer.size() == floor_) update_all(layer);
  }

  void update_all(const std::vector<std::uint32_t>& layer) {
    for (const std::uint32_t expert : layer) update(expert);
  }

  std::uint32_t find_victim(std::uint32_t layer, Admission why) {
    complete_candidates();
    if (coldest_ != none) return coldest_;
    if (const std::uint32_t lowest = eviction_.lowest(layer, token_); lowest != none) return lowest;
    // All layers are at their floors, or all above them is taken.
    const auto free = [](const Expert& entry) { return entry.holds == 0 && entry.expected_since == 0; };
    std::uint32_t victim = lowest_of(layers_[layer], free);
    if (victim == none && why == Admission::demanded)
      for (const auto& any : layers_) victim = lower(victim, lowest_of(any, free));
    // Somebody waits, so what was announced to others comes later. They will ask again.
    if (victim == none && why == Admission::demanded)
      for (const auto& any : layers_)
        victim = lower(victim, lowest_of(any, [](const Expert& entry) { return entry.holds == 0; }));
    return victim;
  }

  template <class Condition>
  std::uint32_t lowest_of(const std::vector<std::uint32_t>& layer, Condition condition) const {
    std::uint32_t lowest = none;
    for (const std::uint32_t expert : layer)
      if (condition(experts_[expert])) lowest = lower(lowest, expert);
    return lowest;
  }

  std::uint32_t lower(std::uint32_t a, std::uint32_t b) const {
    if (a == none || b == none) return a == none ? b : a;
    if (experts_[a].cold != experts_[b].cold) return experts_[a].cold ? a : b;
    if (experts_[a].cold) return experts_[a].arrival < experts_[b].arrival ? a : b;
    const double of_a = eviction_.score(a, token_), of_b = eviction_.score(b, token_);
    return of_a < of_b || (of_a == of_b && experts_[a].id < experts_[b].id) ? a : b;
  }

  CacheOptions options_;
  std::size_t floor_ = 0;
  std::size_t hot_ = 0;  // of a prompt, per layer
  std::size_t resident_bytes_ = 0;
  std::uint64_t uses_ = 0;
  std::uint64_t token_ = 0;       // the clock
  std::uint64_t next_sweep_ = 0;  // the token of it
  std::uint64_t swept_uses_ = 0;  // at the last one
  std::uint64_t arrivals_ = 0;
  std::vector<Expert> experts_;                     // by number
  std::vector<std::vector<std::uint32_t>> layers_;  // which are resident
  std::vector<std::uint32_t> predicted_;
  std::vector<std::uint32_t> returning_;  // may have become candidates
  detail::PairingHeaps cold_;
  detail::PairingHeaps::Top coldest_ = none;
  Eviction eviction_;
};

}  // namespace moe::inline MOE_ABI::detail
