#pragma once
#include "decayed_frequency.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI {

MOE_INLINE void DecayedFrequency::resize(std::size_t experts) {
  uses_.resize(experts);
  of_all_.resize(experts);
  of_layers_.resize(experts);
}

MOE_INLINE void DecayedFrequency::use(std::uint32_t expert, std::uint64_t token) {
  Uses& uses = uses_[expert];
  const double added = static_cast<double>(token) / frequency_half_life;
  // log2(2^sum + 2^added), so that nothing overflows however long a text is.
  const double most = uses.sum_log2 > added ? uses.sum_log2 : added;
  const double least = uses.sum_log2 > added ? added : uses.sum_log2;
  uses.sum_log2 = most + log2(1 + exp2(least - most));
  uses.last_token = token;
}

MOE_INLINE void DecayedFrequency::insert(std::uint32_t expert, ExpertId id, std::uint64_t token) {
  if (id.layer >= layers_.size()) layers_.resize(id.layer + std::size_t{1});
  uses_[expert].id = id;
  const Uses& uses = uses_[expert];
  MOE_ASSERT(uses.last_token <= token);  // time does not go back
  all_.insert(of_all_, expert, uses, token);
  layers_[id.layer].insert(of_layers_, expert, uses, token);
}

MOE_INLINE void DecayedFrequency::erase(std::uint32_t expert) {
  all_.erase(of_all_, expert, uses_[expert]);
  layers_[uses_[expert].id.layer].erase(of_layers_, expert, uses_[expert]);
}

MOE_INLINE std::uint32_t DecayedFrequency::lowest(std::uint32_t layer, std::uint64_t token) {
  const std::uint32_t of_all = lowest_of(all_, of_all_, token);
  if (layer >= layers_.size()) return of_all;
  const std::uint32_t own = lowest_of(layers_[layer], of_layers_, token);
  return own != none && own_share * score(own, token) <= score(of_all, token) ? own : of_all;
}

MOE_INLINE double DecayedFrequency::score(std::uint32_t expert, std::uint64_t token) const {
  const Uses& uses = uses_[expert];
  const double age = static_cast<double>(token) - static_cast<double>(uses.last_token);
  const double frequency = exp2(uses.sum_log2 - static_cast<double>(token) / frequency_half_life);
  const bool recent = token < uses.last_token + recent_tokens;
  return 0.3 * frequency + (recent ? 0.7 * exp2(-age / recency_half_life) : 0);
}

MOE_INLINE void DecayedFrequency::Order::insert(detail::PairingHeaps& heaps, std::uint32_t expert,
                                                const Uses& uses, std::uint64_t token) {
  retire(heaps, token);
  heaps.insert(heap_of(uses), expert, uses.sum_log2, std::uint64_t{uses.id.layer} << 32 | uses.id.expert);
}

MOE_INLINE DecayedFrequency::Top& DecayedFrequency::Order::heap_of(const Uses& uses) {
  return uses.last_token + recent_tokens > now_ ? recent_[uses.last_token % recent_tokens] : old_;
}

MOE_INLINE void DecayedFrequency::Order::retire(detail::PairingHeaps& heaps, std::uint64_t token) {
  if (token <= now_) return;
  const std::uint64_t steps = token - now_ < recent_tokens ? token - now_ : recent_tokens;
  // What was last used `recent_tokens` before has the place of the new token.
  for (std::uint64_t step = 1; step <= steps; ++step)
    heaps.meld(old_, recent_[(now_ + step) % recent_tokens]);
  now_ = token;
}

MOE_INLINE std::uint32_t DecayedFrequency::lowest_of(Order& order, detail::PairingHeaps& heaps,
                                                     std::uint64_t token) const {
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

}  // namespace moe::inline MOE_ABI
