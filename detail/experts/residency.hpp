// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "eviction_policy.hpp"
#include "expert.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// The budget of a cache, and the sizes of its model. All members but the budget are optional. If `layers` or `largest_bytes`
/// is unknown, layers have no floor, and no expert of a prompt becomes hot, so the cache has fewer hits.
struct CacheOptions {
  std::size_t budget_bytes = 0;       // the most bytes of resident experts; not less than the largest expert
  std::size_t layers = 0;             // the number of layers with experts; 0: unknown
  std::size_t experts_per_token = 8;  // in each layer
  std::size_t largest_bytes = 0;      // of one expert; 0: unknown
  bool floor = true;                  // keep min(experts_per_token, equal share) experts of each layer
  bool cold_prompts = true;           // experts that only a prompt used are cold: they are evicted first
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Why an expert is admitted.
enum class Admission : std::uint8_t {
  demanded,   // a caller waits for it
  chosen,     // announced: a caller will acquire it
  prefill,    // announced for many tokens of a prompt, which says little about the tokens that follow
  predicted,  // a guess
};

/// How many experts a layer keeps, and how many of a prompt become hot.
struct LayerShares {
  explicit LayerShares(const CacheOptions& options);

  std::size_t floor = 0;  // the last experts of a layer, which only experts of the same layer evict
  std::size_t hot = 0;    // how many experts of a prompt stop being cold; see Residency::mark_hot()
};

/// Decides which experts are resident and which are evicted: the bookkeeping of a cache, without weights, locks or files, so
/// that a replay does exactly what the cache does. Experts have numbers 0, 1, 2, ..., which the caller gives. Not
/// thread-safe. If a member throws std::bad_alloc, nothing has changed.
///
/// A resident expert can be evicted unless it is held (leased, loading or pinned) or expected (admitted and not acquired
/// since). If a caller waits and no other expert can be evicted, an expected expert is evicted even so. Cold experts are
/// evicted first, in the order of their admission; `Eviction` orders the others. The last `floor` experts of a layer are
/// evicted for experts of the same layer only, unless a caller waits and no other expert can be evicted. Without the floor, LRU
/// evicts each expert just before its next use if the budget is smaller than the experts of one token.
template <class Eviction>
class Residency {
  static_assert(check_eviction_policy<Eviction>());

 public:
  explicit Residency(const CacheOptions& options, const Eviction& eviction = Eviction())
      : options_(options), shares_(options), eviction_(eviction) {}

  std::size_t budget_bytes() const { return options_.budget_bytes; }

  /// The bytes of all resident experts, admitted and loading ones included. Never above the budget.
  std::size_t resident_bytes() const { return resident_bytes_; }

  /// The policy, with the uses that it has counted.
  const Eviction& policy() const { return eviction_; }

  /// The floor: how many experts of each layer are evicted for experts of the same layer only.
  std::size_t floor() const { return shares_.floor; }

  /// Allocates for layers with these numbers of experts, so that nothing is allocated for these experts later.
  void reserve(std::span<const std::size_t> experts_of_layer) {
    grow(std::accumulate(experts_of_layer.begin(), experts_of_layer.end(), std::size_t{0}),
         experts_of_layer.size());
    for (std::size_t layer = 0; layer < experts_of_layer.size(); ++layer)
      layers_[layer].reserve(experts_of_layer[layer]);
  }

  bool resident(std::uint32_t expert) const {
    return expert < experts_.size() && experts_[expert].bytes != 0;
  }

  /// Admits an expert that is not resident; it is expected from then on. Evicts others until there is room, and calls
  /// on_evict(number), which must not throw, for each of them. Returns false if there is not enough room; some experts may
  /// have been evicted even so.
  template <class OnEvict>
  bool admit(std::uint32_t expert, ExpertId id, std::size_t bytes, Admission why, OnEvict on_evict) {
    MOE_ASSERT(!resident(expert) && bytes > 0);
    prepare(expert, id);  // all allocations, so that nothing below throws
    while (bytes > options_.budget_bytes - resident_bytes_) {
      const std::uint32_t victim = find_victim(id.layer, why);
      if (victim == no_expert) return false;
      remove(victim);
      on_evict(victim);
    }
    enter(expert, bytes, why);
    return true;
  }

  /// The router has chosen a resident expert. If the expert is resident because of a prediction, the choice counts as its use.
  void expect(std::uint32_t expert) {
    Expert& entry = experts_[expert];
    if (!entry.predicted || entry.expected_since == 0) return;
    entry.predicted = false;
    count_use(expert);
  }

  /// loading(): the loading of an admitted expert begins. loaded(): it is complete, and the weights are readable.
  void loading(std::uint32_t expert) { hold(expert); }
  void loaded(std::uint32_t expert) { release_hold(expert); }

  /// acquired(): a lease begins. released(): a lease ends.
  void acquired(std::uint32_t expert) {
    hold(expert);
    Expert& entry = experts_[expert];
    const bool counted = entry.expected_since != 0 && !entry.predicted;  // at its admission
    entry.expected_since = 0;
    entry.predicted = false;
    if (!counted) count_use(expert);
  }
  void released(std::uint32_t expert) { release_hold(expert); }

  void pin(std::uint32_t expert) { hold(expert); }

  /// Ends the residency of an expert, even if the expert is held: its loading failed, or it is evicted.
  void remove(std::uint32_t expert) {
    Expert& entry = experts_[expert];
    resident_bytes_ -= entry.bytes;
    entry.bytes = 0;
    update(expert);
    leave_layer(expert);
  }

  /// A prompt used these experts of one layer, most used first. The first few of them are no longer cold.
  void mark_hot(std::span<const std::uint32_t> experts) {
    if (!options_.cold_prompts) return;
    for (const std::uint32_t expert : experts.first(std::min(shares_.hot, experts.size()))) {
      if (!resident(expert)) continue;
      hold(expert);
      count_use(expert);
      release_hold(expert);
    }
  }

  /// One token of each of several texts used these experts of one layer; tokens[i] tokens chose experts[i]. The policy has
  /// already counted one use of each expert, and counts the other uses now. The clock advances as if one token had used the
  /// layer, because age is measured in passes, however many texts a pass has.
  void count_pass(std::span<const std::uint32_t> experts, std::span<const std::uint32_t> tokens) {
    for (std::size_t i = 0; i < experts.size(); ++i) {
      if (experts[i] >= known_experts_ || tokens[i] < 2) continue;
      hold(experts[i]);
      for (std::uint32_t token = 1; token < tokens[i]; ++token) eviction_.use(experts[i], token_);
      release_hold(experts[i]);
    }
    if (experts.size() > options_.experts_per_token)
      shared_uses_ += experts.size() - options_.experts_per_token;
  }

  /// Predicted experts that were not acquired since can be evicted from now on.
  void forget_predictions() {
    for (const std::uint32_t expert : predicted_) {
      experts_[expert].in_predicted = false;
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
    std::uint32_t place = 0;           // in the list of its layer
    std::uint32_t holds = 0;           // leases, loading and pins
    std::uint64_t expected_since = 0;  // the number of uses before the announcement, plus 1; 0: not expected
    std::uint64_t arrival = 0;         // of a cold expert: its place in the order of admissions
    bool cold = false;
    bool predicted = false;
    bool candidate = false;     // in cold_, or known to the policy as a candidate
    bool in_returning = false;  // whether returning_ holds the expert, which it does at most once
    bool in_predicted = false;  // whether predicted_ holds the expert, which it does at most once
  };

  /// Makes every table large enough for the expert, so that nothing is allocated until the next call of prepare().
  void prepare(std::uint32_t expert, ExpertId id) {
    const std::size_t experts =
        expert < known_experts_ ? known_experts_ : std::max(expert + std::size_t{1}, 2 * known_experts_);
    grow(experts, std::max(id.layer + std::size_t{1}, known_layers_));
    std::vector<std::uint32_t>& layer = layers_[id.layer];
    if (layer.size() == layer.capacity()) layer.reserve(2 * layer.size() + 1);
    experts_[expert].id = id;
  }

  void grow(std::size_t experts, std::size_t layers) {
    if (experts <= known_experts_ && layers <= known_layers_) return;
    experts_.resize(experts);
    layers_.resize(layers);
    cold_.resize(experts);
    eviction_.resize(experts, layers);
    returning_.reserve(experts);
    predicted_.reserve(experts);
    known_experts_ = experts;
    known_layers_ = layers;
  }

  void enter(std::uint32_t expert, std::size_t bytes, Admission why) {
    Expert& entry = experts_[expert];
    resident_bytes_ += bytes;
    entry.bytes = bytes;
    entry.holds = 0;
    entry.cold = why == Admission::predicted || (why == Admission::prefill && options_.cold_prompts);
    entry.expected_since = uses_ + 1;
    entry.predicted = why == Admission::predicted;
    if (entry.predicted && !entry.in_predicted) predicted_.push_back(expert), entry.in_predicted = true;
    if (entry.cold) {
      entry.arrival = ++arrivals_;
    } else {
      count_use(expert);
    }
    join_layer(expert);
  }

  /// Counts a use of an expert that is no candidate.
  void count_use(std::uint32_t expert) {
    eviction_.use(expert, token_);
    experts_[expert].cold = false;
    ++uses_;
    advance_clock();
    // There is at most one sweep in as many uses as there are experts, so sweeps cost O(1) per use.
    if (token_ >= next_sweep_token_ && uses_ - swept_uses_ >= known_experts_) sweep();
  }

  /// Age is measured in tokens: a token is experts_per_token uses in each layer. The tokens of several texts in one pass are
  /// one token. If the number of layers is not known at first, the number of uses per token grows with the known layers, but
  /// token_ never decreases.
  void advance_clock() {
    const std::size_t layers = options_.layers > 0 ? options_.layers : known_layers_;
    const std::size_t uses_per_token = layers * options_.experts_per_token;
    if (uses_per_token > 0)
      token_ = std::max(token_, (uses_ - std::min(uses_, shared_uses_)) / uses_per_token);
  }

  /// Experts that were announced long ago are no longer expected: the caller that announced them must have failed.
  void sweep() {
    constexpr std::uint64_t patience_tokens = 16;
    next_sweep_token_ = token_ + patience_tokens;
    const std::uint64_t oldest = swept_uses_;
    swept_uses_ = uses_;
    for (std::uint32_t expert = 0; expert < experts_.size(); ++expert) {
      if (experts_[expert].expected_since == 0 || experts_[expert].expected_since > oldest) continue;
      experts_[expert].expected_since = 0;
      update(expert);
    }
  }

  void hold(std::uint32_t expert) {
    ++experts_[expert].holds;
    update(expert);
  }

  void release_hold(std::uint32_t expert) {
    MOE_ASSERT(experts_[expert].holds > 0);
    --experts_[expert].holds;
    update(expert);
  }

  static bool is_free(const Expert& entry) { return entry.holds == 0 && entry.expected_since == 0; }

  bool should_be_candidate(const Expert& entry) const {
    return entry.bytes != 0 && is_free(entry) && layers_[entry.id.layer].size() > shares_.floor;
  }

  /// Experts leave the candidate heaps eagerly and rejoin them lazily, at the next eviction. So leases cost no heap operation
  /// as long as there is room for all experts.
  void update(std::uint32_t expert) {
    Expert& entry = experts_[expert];
    const bool should = should_be_candidate(entry);
    if (!should && entry.candidate) leave_candidates(expert);
    if (!should || entry.candidate || entry.in_returning) return;
    entry.in_returning = true;
    returning_.push_back(expert);
  }

  void leave_candidates(std::uint32_t expert) {
    experts_[expert].candidate = false;
    if (experts_[expert].cold) {
      cold_.erase(expert);
    } else {
      eviction_.erase(expert);
    }
  }

  void rejoin_candidates() {
    for (const std::uint32_t expert : returning_) {
      Expert& entry = experts_[expert];
      entry.in_returning = false;
      entry.candidate = should_be_candidate(entry);
      if (!entry.candidate) continue;
      if (entry.cold) {
        cold_.insert(expert, entry.id, static_cast<double>(entry.arrival));
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
    if (layer.size() == shares_.floor + 1) update_all(layer);
  }

  void leave_layer(std::uint32_t expert) {
    std::vector<std::uint32_t>& layer = layers_[experts_[expert].id.layer];
    layer[experts_[expert].place] = layer.back();
    experts_[layer.back()].place = experts_[expert].place;
    layer.pop_back();
    if (layer.size() == shares_.floor) update_all(layer);
  }

  void update_all(const std::vector<std::uint32_t>& layer) {
    for (const std::uint32_t expert : layer) update(expert);
  }

  std::uint32_t find_victim(std::uint32_t layer, Admission why) {
    rejoin_candidates();
    if (cold_.lowest() != no_expert) return cold_.lowest();
    if (const std::uint32_t lowest = eviction_.lowest(layer, token_); lowest != no_expert) return lowest;
    // No candidates: in each layer with more experts than the floor, all experts are held or expected.
    std::uint32_t victim = lowest_of(layers_[layer], is_free);
    if (victim != no_expert || why != Admission::demanded) return victim;
    victim = lowest_of_all(is_free);
    if (victim != no_expert) return victim;
    // A caller waits, so an expert that was announced for another caller is evicted; that caller will request it again.
    return lowest_of_all([](const Expert& entry) { return entry.holds == 0; });
  }

  template <class Condition>
  std::uint32_t lowest_of_all(Condition condition) const {
    std::uint32_t lowest = no_expert;
    for (const std::vector<std::uint32_t>& layer : layers_)
      lowest = lower(lowest, lowest_of(layer, condition));
    return lowest;
  }

  template <class Condition>
  std::uint32_t lowest_of(const std::vector<std::uint32_t>& layer, Condition condition) const {
    std::uint32_t lowest = no_expert;
    for (const std::uint32_t expert : layer)
      if (condition(experts_[expert])) lowest = lower(lowest, expert);
    return lowest;
  }

  /// Which of two experts is evicted first; either may be `no_expert`.
  std::uint32_t lower(std::uint32_t a, std::uint32_t b) const {
    if (a == no_expert || b == no_expert) return a == no_expert ? b : a;
    if (experts_[a].cold != experts_[b].cold) return experts_[a].cold ? a : b;
    if (experts_[a].cold) return experts_[a].arrival < experts_[b].arrival ? a : b;
    const double score_of_a = eviction_.score(a, token_), score_of_b = eviction_.score(b, token_);
    if (score_of_a != score_of_b) return score_of_a < score_of_b ? a : b;
    return experts_[a].id < experts_[b].id ? a : b;
  }

  CacheOptions options_;
  LayerShares shares_;
  std::size_t resident_bytes_ = 0;
  std::uint64_t uses_ = 0;
  std::uint64_t shared_uses_ = 0;  // uses by further texts in a pass, which do not advance the clock
  std::uint64_t token_ = 0;        // the clock
  std::uint64_t next_sweep_token_ = 0;
  std::uint64_t swept_uses_ = 0;  // uses_ at the last sweep
  std::uint64_t arrivals_ = 0;
  std::size_t known_experts_ = 0;  // how far all tables reach
  std::size_t known_layers_ = 0;
  std::vector<Expert> experts_;                     // by number
  std::vector<std::vector<std::uint32_t>> layers_;  // the resident experts of each layer
  std::vector<std::uint32_t> predicted_;            // admitted by the last prediction
  std::vector<std::uint32_t> returning_;            // may have become candidates since the last eviction
  CandidateHeap cold_;                              // by arrival
  Eviction eviction_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "residency.ipp"
#endif
