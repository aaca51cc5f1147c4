// SPDX-License-Identifier: MIT
#pragma once
#include "replay_policies.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void Lfu::resize(std::size_t experts, std::size_t) {
  candidates_.resize(experts);
  keys_.resize(experts);
}

MOE_INLINE void Lfu::use(std::uint32_t expert, std::uint64_t) noexcept {
  // The integer part counts the uses of the expert, the fraction is the time of its last use: exact for 2^21 uses of one
  // expert and 2^32 uses in all.
  const auto count = static_cast<double>(static_cast<std::uint64_t>(keys_[expert]) + 1);
  keys_[expert] = count + static_cast<double>(++uses_) * 0x1p-32;
}

MOE_INLINE void RandomEviction::resize(std::size_t experts, std::size_t) {
  candidates_.reserve(experts);
  places_.resize(experts);
}

MOE_INLINE void RandomEviction::insert(std::uint32_t expert, ExpertId, std::uint64_t) noexcept {
  places_[expert] = candidates_.size();
  candidates_.push_back(expert);
}

MOE_INLINE void RandomEviction::erase(std::uint32_t expert) noexcept {
  candidates_[places_[expert]] = candidates_.back();
  places_[candidates_.back()] = places_[expert];
  candidates_.pop_back();
}

MOE_INLINE std::uint32_t RandomEviction::lowest(std::uint32_t, std::uint64_t) noexcept {
  if (candidates_.empty()) return no_expert;
  state_ = state_ * 6364136223846793005 + 1442695040888963407;  // Knuth's MMIX
  return candidates_[static_cast<std::size_t>((state_ >> 33) % candidates_.size())];
}

MOE_INLINE void Belady::resize(std::size_t experts, std::size_t) {
  candidates_.resize(experts);
  next_.resize(experts);
}

}  // namespace moe::inline MOE_ABI::detail
