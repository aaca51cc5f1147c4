// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "eviction_policy.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI {

/// Evicts the least recently used expert. An EvictionPolicy.
class Lru {
 public:
  void resize(std::size_t experts, std::size_t layers);
  void use(std::uint32_t expert, std::uint64_t) noexcept { last_use_[expert] = ++uses_; }
  void insert(std::uint32_t expert, ExpertId id, std::uint64_t token) noexcept {
    candidates_.insert(expert, id, score(expert, token));
  }
  void erase(std::uint32_t expert) noexcept { candidates_.erase(expert); }
  std::uint32_t lowest(std::uint32_t, std::uint64_t) noexcept { return candidates_.lowest(); }
  double score(std::uint32_t expert, std::uint64_t) const noexcept {
    return static_cast<double>(last_use_[expert]);
  }

 private:
  CandidateHeap candidates_;
  std::vector<std::uint64_t> last_use_;  // [experts]: the value of uses_ at the last use
  std::uint64_t uses_ = 0;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "lru.ipp"
#endif
