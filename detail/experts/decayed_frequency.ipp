// SPDX-License-Identifier: MIT
#pragma once
#include "decayed_frequency.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

inline constexpr double frequency_half_life_tokens = 32;
inline constexpr double recency_half_life_tokens = 4;
inline constexpr double share_of_asking_layer = 0.6;

MOE_INLINE double exp2_of(double x) noexcept { return x < -1000 ? 0 : portable::exp(x * 0.6931471805599453); }
MOE_INLINE double log2_of(double x) noexcept { return portable::log(x) * 1.4426950408889634; }

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE void DecayedFrequency::resize(std::size_t experts, std::size_t layers) {
  uses_.resize(experts);
  heaps_of_all_.resize(experts);
  heaps_by_layer_.resize(experts);
  order_by_layer_.resize(layers);
}

MOE_INLINE void DecayedFrequency::use(std::uint32_t expert, std::uint64_t token) noexcept {
  Uses& uses = uses_[expert];
  const double added = static_cast<double>(token) / detail::frequency_half_life_tokens;
  // The sum is kept as a logarithm, log2(2^sum + 2^added), so that it does not overflow in a long text.
  const double high = std::max(uses.sum_log2, added), low = std::min(uses.sum_log2, added);
  uses.sum_log2 = high + detail::log2_of(1 + detail::exp2_of(low - high));
  uses.last_token = token;
}

MOE_INLINE void DecayedFrequency::insert(std::uint32_t expert, ExpertId id, std::uint64_t token) noexcept {
  uses_[expert].id = id;
  const Uses& uses = uses_[expert];
  MOE_ASSERT(uses.last_token <= token);
  order_of_all_.insert(heaps_of_all_, expert, uses, token);
  order_by_layer_[id.layer].insert(heaps_by_layer_, expert, uses, token);
}

MOE_INLINE void DecayedFrequency::erase(std::uint32_t expert) noexcept {
  const Uses& uses = uses_[expert];
  order_of_all_.erase(heaps_of_all_, expert, uses);
  order_by_layer_[uses.id.layer].erase(heaps_by_layer_, expert, uses);
}

MOE_INLINE std::uint32_t DecayedFrequency::lowest(std::uint32_t layer, std::uint64_t token) noexcept {
  const std::uint32_t of_all = lowest_of(order_of_all_, heaps_of_all_, token);
  const std::uint32_t own = lowest_of(order_by_layer_[layer], heaps_by_layer_, token);
  if (own == no_expert) return of_all;
  return detail::share_of_asking_layer * score(own, token) <= score(of_all, token) ? own : of_all;
}

MOE_INLINE double DecayedFrequency::score(std::uint32_t expert, std::uint64_t token) const noexcept {
  const Uses& uses = uses_[expert];
  const double now = static_cast<double>(token), age = now - static_cast<double>(uses.last_token);
  const double frequency = detail::exp2_of(uses.sum_log2 - now / detail::frequency_half_life_tokens);
  const bool recent = token < uses.last_token + recent_tokens;
  return 0.3 * frequency + (recent ? 0.7 * detail::exp2_of(-age / detail::recency_half_life_tokens) : 0);
}

MOE_INLINE std::uint32_t DecayedFrequency::lowest_of(Order& order, detail::PairingHeaps& heaps,
                                                     std::uint64_t token) const noexcept {
  std::uint32_t lowest = no_expert;
  double lowest_score = 0;
  for (const Top top : order.tops(heaps, token)) {
    if (top == no_expert) continue;
    const double candidate = score(top, token);
    const bool lower = lowest == no_expert || candidate < lowest_score ||
                       (candidate == lowest_score && uses_[top].id < uses_[lowest].id);
    if (!lower) continue;
    lowest = top;
    lowest_score = candidate;
  }
  return lowest;
}

MOE_INLINE void DecayedFrequency::Order::insert(detail::PairingHeaps& heaps, std::uint32_t expert,
                                                const Uses& uses, std::uint64_t token) noexcept {
  advance(heaps, token);
  heaps.insert(heap_of(uses), expert, uses.sum_log2, std::uint64_t{uses.id.layer} << 32 | uses.id.expert);
}

MOE_INLINE void DecayedFrequency::Order::erase(detail::PairingHeaps& heaps, std::uint32_t expert,
                                               const Uses& uses) noexcept {
  heaps.erase(heap_of(uses), expert);
}

MOE_INLINE std::array<DecayedFrequency::Top, DecayedFrequency::recent_tokens + 1>
DecayedFrequency::Order::tops(detail::PairingHeaps& heaps, std::uint64_t token) noexcept {
  advance(heaps, token);
  std::array<Top, recent_tokens + 1> out;
  std::copy(recent_.begin(), recent_.end(), out.begin());
  out.back() = old_;
  return out;
}

MOE_INLINE DecayedFrequency::Top& DecayedFrequency::Order::heap_of(const Uses& uses) noexcept {
  return uses.last_token + recent_tokens > now_
             ? recent_[static_cast<std::size_t>(uses.last_token % recent_tokens)]
             : old_;
}

MOE_INLINE void DecayedFrequency::Order::advance(detail::PairingHeaps& heaps, std::uint64_t token) noexcept {
  if (token <= now_) return;
  const std::uint64_t steps = std::min(token - now_, recent_tokens);
  // A new token takes over the heap of the token that is recent_tokens older. The experts in this heap first move to old_.
  for (std::uint64_t step = 1; step <= steps; ++step)
    heaps.meld(old_, recent_[static_cast<std::size_t>((now_ + step) % recent_tokens)]);
  now_ = token;
}

}  // namespace moe::inline MOE_ABI
