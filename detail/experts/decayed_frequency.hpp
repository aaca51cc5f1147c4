#pragma once
#include "../core/config.hpp"
#include "../core/pairing_heap.hpp"
#include "../core/portable_math.hpp"
#include "expert.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI {

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

  void resize(std::size_t experts);

  /// So many layers take no more memory later. Optional in a policy.
  void reserve_layers(std::size_t layers) { layers_.reserve(layers); }

  void use(std::uint32_t expert, std::uint64_t token);

  void insert(std::uint32_t expert, ExpertId id, std::uint64_t token);
  void erase(std::uint32_t expert);

  std::uint32_t lowest(std::uint32_t layer, std::uint64_t token);

  double score(std::uint32_t expert, std::uint64_t token) const;

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

    void insert(detail::PairingHeaps& heaps, std::uint32_t expert, const Uses& uses, std::uint64_t token);
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
    Top& heap_of(const Uses& uses);

    /// Moves the heaps of ages that are no longer recent to the old ones.
    void retire(detail::PairingHeaps& heaps, std::uint64_t token);

    Top old_ = none;
    std::array<Top, recent_tokens> recent_;
    std::uint64_t now_ = 0;
  };

  std::uint32_t lowest_of(Order& order, detail::PairingHeaps& heaps, std::uint64_t token) const;

  static double exp2(double x) { return x < -1000 ? 0 : detail::portable::exp(x * 0.6931471805599453); }
  static double log2(double x) { return detail::portable::log(x) * 1.4426950408889634; }

  std::vector<Uses> uses_;  // [experts]
  detail::PairingHeaps of_all_, of_layers_;
  Order all_;
  std::vector<Order> layers_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "decayed_frequency.ipp"
#endif
