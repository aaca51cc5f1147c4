#pragma once
#include "../core/math.hpp"
#include "../core/pairing_heap.hpp"
#include "expert.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe {

/// Evicts what was used least often and least recently, both fading with age:
///   score = 0.3 · Σ over uses of 2^(−age / 32 tokens) + 0.7 · 2^(−age of the last use / 4 tokens)
/// where the second term is taken as zero once it is below a thousandth, after 40 tokens. The scores of the layer that asks
/// for room count 0.6 of that: its next turn is the farthest away. See Lru for the members.
///
/// The two terms fade at different rates, so no fixed key orders all experts. But experts whose last use is equally old are
/// ordered by the first term alone, and it fades for all of them alike: so there is one heap per age, and one for the old.
class DecayedFrequency {
 public:
  static constexpr std::uint32_t none = detail::PairingHeaps::none;

  void resize(std::size_t experts) {
    uses_.resize(experts);
    of_all_.resize(experts);
    of_layers_.resize(experts);
  }

  /// So many layers take no more memory later. Optional in a policy.
  void reserve_layers(std::size_t layers) { layers_.reserve(layers); }

  void use(std::uint32_t expert, std::uint64_t token) {
    Uses& uses = uses_[expert];
    const double added = static_cast<double>(token) / frequency_half_life;
    // log2(2^sum + 2^added), so that nothing overflows however long a text is.
    const double most = uses.sum_log2 > added ? uses.sum_log2 : added;
    const double least = uses.sum_log2 > added ? added : uses.sum_log2;
    uses.sum_log2 = most + log2(1 + exp2(least - most));
    uses.last_token = token;
  }

  void insert(std::uint32_t expert, ExpertId id, std::uint64_t token) {
    if (id.layer >= layers_.size()) layers_.resize(id.layer + std::size_t{1});
    uses_[expert].id = id;
    const Uses& uses = uses_[expert];
    MOE_ASSERT(uses.last_token <= token);  // time does not go back
    all_.insert(of_all_, expert, uses, token);
    layers_[id.layer].insert(of_layers_, expert, uses, token);
  }
  void erase(std::uint32_t expert) {
    all_.erase(of_all_, expert, uses_[expert]);
    layers_[uses_[expert].id.layer].erase(of_layers_, expert, uses_[expert]);
  }

  std::uint32_t lowest(std::uint32_t layer, std::uint64_t token) {
    const std::uint32_t of_all = lowest_of(all_, of_all_, token);
    if (layer >= layers_.size()) return of_all;
    const std::uint32_t own = lowest_of(layers_[layer], of_layers_, token);
    return own != none && own_share * score(own, token) <= score(of_all, token) ? own : of_all;
  }

  double score(std::uint32_t expert, std::uint64_t token) const {
    const Uses& uses = uses_[expert];
    const double age = static_cast<double>(token) - static_cast<double>(uses.last_token);
    const double frequency = exp2(uses.sum_log2 - static_cast<double>(token) / frequency_half_life);
    const bool recent = token < uses.last_token + recent_tokens;
    return 0.3 * frequency + (recent ? 0.7 * exp2(-age / recency_half_life) : 0);
  }

 private:
  using Top = detail::PairingHeaps::Top;
  static constexpr double frequency_half_life = 32;
  static constexpr double recency_half_life = 4;
  static constexpr std::uint64_t recent_tokens = 40;
  static constexpr double own_share = 0.6;
  static constexpr double never = -1e9;  // the logarithm of no use at all

  struct Uses {
    double sum_log2 = never;  // log2 of Σ over uses of 2^(token / frequency_half_life)
    std::uint64_t last_token = 0;
    ExpertId id;
  };

  /// Candidates by the token of their last use.
  class Order {
   public:
    Order() { recent_.fill(none); }

    void insert(detail::PairingHeaps& heaps, std::uint32_t expert, const Uses& uses, std::uint64_t token) {
      retire(heaps, token);
      heaps.insert(heap_of(uses), expert, uses.sum_log2, std::uint64_t{uses.id.layer} << 32 | uses.id.expert);
    }
    void erase(detail::PairingHeaps& heaps, std::uint32_t expert, const Uses& uses) {
      heaps.erase(heap_of(uses), expert);
    }

    /// Calls f(expert) with the lowest of each heap.
    template <class F>
    void for_each_top(detail::PairingHeaps& heaps, std::uint64_t token, F f) {
      retire(heaps, token);
      if (old_ != none) f(old_);
      for (const Top top : recent_)
        if (top != none) f(top);
    }

   private:
    Top& heap_of(const Uses& uses) {
      return uses.last_token + recent_tokens > now_ ? recent_[uses.last_token % recent_tokens] : old_;
    }

    /// Moves the heaps of ages that are no longer recent to the old ones.
    void retire(detail::PairingHeaps& heaps, std::uint64_t token) {
      if (token <= now_) return;
      const std::uint64_t steps = token - now_ < recent_tokens ? token - now_ : recent_tokens;
      // What was last used `recent_tokens` before has the place of the new token.
      for (std::uint64_t step = 1; step <= steps; ++step)
        heaps.meld(old_, recent_[(now_ + step) % recent_tokens]);
      now_ = token;
    }

    Top old_ = none;
    std::array<Top, recent_tokens> recent_;
    std::uint64_t now_ = 0;
  };

  std::uint32_t lowest_of(Order& order, detail::PairingHeaps& heaps, std::uint64_t token) const {
    std::uint32_t lowest = none;
    double least = 0;
    order.for_each_top(heaps, token, [&](std::uint32_t top) {
      const double candidate = score(top, token);
      if (lowest != none && (candidate > least || (candidate == least && uses_[lowest].id < uses_[top].id)))
        return;
      lowest = top;
      least = candidate;
    });
    return lowest;
  }

  static double exp2(double x) { return x < -1000 ? 0 : detail::exp(x * 0.6931471805599453); }
  static double log2(double x) { return detail::log(x) * 1.4426950408889634; }

  std::vector<Uses> uses_;  // [experts]
  detail::PairingHeaps of_all_, of_layers_;
  Order all_;
  std::vector<Order> layers_;
};

}  // namespace moe
