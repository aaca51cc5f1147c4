#pragma once
#include "replay_policies.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void Lfu::resize(std::size_t experts) {
  heaps_.resize(experts);
  keys_.resize(experts);
}

MOE_INLINE void Lfu::use(std::uint32_t expert, std::uint64_t) {
  // The number of uses, and behind the point the time of the last one: exact up to 2^21 uses of 2^32 in all.
  const auto count = static_cast<double>(static_cast<std::uint64_t>(keys_[expert]) + 1);
  keys_[expert] = count + static_cast<double>(++uses_) * 0x1p-32;
}

MOE_INLINE void Lfu::insert(std::uint32_t expert, ExpertId, std::uint64_t) {
  heaps_.insert(candidates_, expert, keys_[expert]);
}

MOE_INLINE void RandomEviction::insert(std::uint32_t expert, ExpertId, std::uint64_t) {
  places_[expert] = candidates_.size();
  candidates_.push_back(expert);
}

MOE_INLINE void RandomEviction::erase(std::uint32_t expert) {
  candidates_[places_[expert]] = candidates_.back();
  places_[candidates_.back()] = places_[expert];
  candidates_.pop_back();
}

MOE_INLINE std::uint32_t RandomEviction::lowest(std::uint32_t, std::uint64_t) {
  if (candidates_.empty()) return none;
  state_ = state_ * 6364136223846793005 + 1442695040888963407;  // Knuth's MMIX
  return candidates_[static_cast<std::size_t>((state_ >> 33) % candidates_.size())];
}

MOE_INLINE void Belady::resize(std::size_t experts) {
  heaps_.resize(experts);
  next_.resize(experts);
}

MOE_INLINE void Belady::insert(std::uint32_t expert, ExpertId, std::uint64_t) {
  heaps_.insert(candidates_, expert, score(expert, 0));
}

}  // namespace moe::inline MOE_ABI::detail
