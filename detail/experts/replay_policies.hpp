// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "eviction_policy.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

// Eviction policies that only replays use, to compare them with the policies that caches offer.

namespace moe::inline MOE_ABI::detail {

/// Evicts the expert that was used least often since the beginning; among experts with equal counts, the least recently used
/// one.
class Lfu {
 public:
  void resize(std::size_t experts, std::size_t layers);
  void use(std::uint32_t expert, std::uint64_t) noexcept;
  void insert(std::uint32_t expert, ExpertId id, std::uint64_t) noexcept {
    candidates_.insert(expert, id, keys_[expert]);
  }
  void erase(std::uint32_t expert) noexcept { candidates_.erase(expert); }
  std::uint32_t lowest(std::uint32_t, std::uint64_t) noexcept { return candidates_.lowest(); }
  double score(std::uint32_t expert, std::uint64_t) const noexcept { return keys_[expert]; }

 private:
  CandidateHeap candidates_;
  std::vector<double> keys_;  // [experts]
  std::uint64_t uses_ = 0;
};

/// Evicts a random expert, each with the same probability: the baseline. The random sequence is always the same, so that
/// results can be repeated.
class RandomEviction {
 public:
  void resize(std::size_t experts, std::size_t layers);
  void use(std::uint32_t, std::uint64_t) noexcept {}
  void insert(std::uint32_t expert, ExpertId, std::uint64_t) noexcept;
  void erase(std::uint32_t expert) noexcept;
  std::uint32_t lowest(std::uint32_t, std::uint64_t) noexcept;
  double score(std::uint32_t, std::uint64_t) const noexcept { return 0; }

 private:
  std::vector<std::uint32_t> candidates_;
  std::vector<std::size_t> places_;  // [experts]: index in candidates_
  std::uint64_t state_ = 1;
};

/// Evicts the expert whose next use is the farthest away: the optimum for experts of equal size, which needs to know the
/// future. Source: Belady 1966.
class Belady {
 public:
  /// The uses of experts in a trace, numbered in the order of the trace.
  struct Future {
    // [uses]: the next use of the same expert; the number of all uses if there is none.
    std::vector<std::size_t> next_use;
    std::size_t now = 0;  // the use that is being replayed; the replay advances this number
  };

  /// `future` must outlive this object.
  explicit Belady(const Future& future) : future_(&future) {}

  void resize(std::size_t experts, std::size_t layers);
  void use(std::uint32_t expert, std::uint64_t) noexcept { next_[expert] = future_->next_use[future_->now]; }
  void insert(std::uint32_t expert, ExpertId id, std::uint64_t token) noexcept {
    candidates_.insert(expert, id, score(expert, token));
  }
  void erase(std::uint32_t expert) noexcept { candidates_.erase(expert); }
  std::uint32_t lowest(std::uint32_t, std::uint64_t) noexcept { return candidates_.lowest(); }
  double score(std::uint32_t expert, std::uint64_t) const noexcept {
    return -static_cast<double>(next_[expert]);
  }

 private:
  const Future* future_;
  CandidateHeap candidates_;
  std::vector<std::size_t> next_;  // [experts]
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "replay_policies.ipp"
#endif
