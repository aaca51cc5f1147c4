#pragma once
#include "../core/config.hpp"
#include "../core/pairing_heap.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// Eviction policies for comparison; see Lru for what their members mean.

/// Evicts what was used least often in all the time since the beginning; of equals what was used least recently.
class Lfu {
 public:
  static constexpr std::uint32_t none = detail::PairingHeaps::none;

  void resize(std::size_t experts);
  void use(std::uint32_t expert, std::uint64_t);
  void insert(std::uint32_t expert, ExpertId, std::uint64_t);
  void erase(std::uint32_t expert) { heaps_.erase(candidates_, expert); }
  std::uint32_t lowest(std::uint32_t, std::uint64_t) const { return candidates_; }
  double score(std::uint32_t expert, std::uint64_t) const { return keys_[expert]; }

 private:
  detail::PairingHeaps heaps_;
  detail::PairingHeaps::Top candidates_ = none;
  std::vector<double> keys_;  // [experts]
  std::uint64_t uses_ = 0;
};

/// Evicts any, with equal chances: what a policy must be better than. The same on every run.
class RandomEviction {
 public:
  static constexpr std::uint32_t none = detail::PairingHeaps::none;

  void resize(std::size_t experts) { places_.resize(experts); }
  void use(std::uint32_t, std::uint64_t) {}
  void insert(std::uint32_t expert, ExpertId, std::uint64_t);
  void erase(std::uint32_t expert);
  std::uint32_t lowest(std::uint32_t, std::uint64_t);
  double score(std::uint32_t, std::uint64_t) const { return 0; }

 private:
  std::vector<std::uint32_t> candidates_;
  std::vector<std::size_t> places_;  // [experts]: among the candidates
  std::uint64_t state_ = 1;
};

/// Evicts what will not be used for the longest time: the optimum for experts of one size, which only somebody who knows
/// the future can reach. Source: Belady 1966.
class Belady {
 public:
  static constexpr std::uint32_t none = detail::PairingHeaps::none;

  /// The future, which whoever plays it moves on.
  struct Future {
    std::vector<std::size_t> next_use;  // of each use: when the same expert is used again
    std::size_t now = 0;                // the use that is being made
  };

  explicit Belady(const Future& future) : future_(&future) {}  // which must live longer

  void resize(std::size_t experts);
  void use(std::uint32_t expert, std::uint64_t) { next_[expert] = future_->next_use[future_->now]; }
  void insert(std::uint32_t expert, ExpertId, std::uint64_t);
  void erase(std::uint32_t expert) { heaps_.erase(candidates_, expert); }
  std::uint32_t lowest(std::uint32_t, std::uint64_t) const { return candidates_; }
  double score(std::uint32_t expert, std::uint64_t) const { return -static_cast<double>(next_[expert]); }

 private:
  const Future* future_;
  detail::PairingHeaps heaps_;
  detail::PairingHeaps::Top candidates_ = none;
  std::vector<std::size_t> next_;  // [experts]
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "replay_policies.ipp"
#endif
