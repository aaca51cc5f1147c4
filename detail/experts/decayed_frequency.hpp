// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/pairing_heap.hpp"
#include "eviction_policy.hpp"
#include "expert.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI {

/// Evicts the expert with the lowest score, which combines how often and how recently the expert was used:
///   score = 0.3 · Σ over uses of 2^(−age / 32 tokens) + 0.7 · 2^(−age of the last use / 4 tokens)
/// The second term counts as zero from an age of 40 tokens on, where it is below 0.001. Scores of experts of the layer that
/// needs room are multiplied by 0.6: this layer is being computed, so all other layers need their experts earlier.
/// An EvictionPolicy.
class DecayedFrequency {
 public:
  void resize(std::size_t experts, std::size_t layers);
  void use(std::uint32_t expert, std::uint64_t token) noexcept;
  void insert(std::uint32_t expert, ExpertId id, std::uint64_t token) noexcept;
  void erase(std::uint32_t expert) noexcept;
  std::uint32_t lowest(std::uint32_t layer, std::uint64_t token) noexcept;
  double score(std::uint32_t expert, std::uint64_t token) const noexcept;

 private:
  using Top = detail::PairingHeaps::Top;
  static constexpr std::uint64_t recent_tokens = 40;
  static constexpr double log2_of_zero = -1e9;

  struct Uses {
    double sum_log2 = log2_of_zero;  // log2 of Σ over uses of 2^(token / 32)
    std::uint64_t last_token = 0;
    ExpertId id;
  };

  /// Candidates, ordered by their scores. The two terms of the score decay at different rates, so no fixed key orders all
  /// experts. But experts with the same age of the last use are ordered by the first term alone, which decays equally for
  /// all of them. So there is one heap for each age below `recent_tokens`, and one heap for all greater ages.
  class Order {
   public:
    Order() { recent_.fill(no_expert); }

    void insert(detail::PairingHeaps& heaps, std::uint32_t expert, const Uses& uses,
                std::uint64_t token) noexcept;
    void erase(detail::PairingHeaps& heaps, std::uint32_t expert, const Uses& uses) noexcept;

    /// The tops of all heaps; `no_expert` for an empty heap.
    std::array<Top, recent_tokens + 1> tops(detail::PairingHeaps& heaps, std::uint64_t token) noexcept;

   private:
    Top& heap_of(const Uses& uses) noexcept;

    /// Merges the heaps of ages that are no longer recent into the heap of greater ages.
    void advance(detail::PairingHeaps& heaps, std::uint64_t token) noexcept;

    std::array<Top, recent_tokens> recent_;  // by token of the last use, modulo recent_tokens
    Top old_ = no_expert;
    std::uint64_t now_ = 0;
  };

  std::uint32_t lowest_of(Order& order, detail::PairingHeaps& heaps, std::uint64_t token) const noexcept;

  std::vector<Uses> uses_;               // [experts]
  detail::PairingHeaps heaps_of_all_;    // of order_of_all_
  detail::PairingHeaps heaps_by_layer_;  // of order_by_layer_
  Order order_of_all_;
  std::vector<Order> order_by_layer_;  // [layers]
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "decayed_frequency.ipp"
#endif
