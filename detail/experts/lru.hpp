#pragma once
#include "../core/config.hpp"
#include "../core/pairing_heap.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI {

/// Evicts what was used least recently.
///
/// An eviction policy orders experts, which it knows by number. Not thread-safe.
///
/// | member                              | what it means                                                              |
/// |-------------------------------------|----------------------------------------------------------------------------|
/// | policy.resize(experts)              | from now on there are numbers below `experts`                              |
/// | policy.use(expert, token)           | it was used, at that token; tokens only grow; not while it is a candidate  |
/// | policy.insert(expert, id, token)    | it becomes a candidate for eviction. Of equals the smaller id goes first,  |
/// |                                     | since numbers depend on who came first                                     |
/// | policy.erase(expert)                | it is none any more                                                        |
/// | policy.lowest(layer, token)         | the candidate to evict first, so that an expert of `layer` has room;       |
/// |                                     | `none` without one. O(log n)                                               |
/// | policy.score(expert, token)         | what the order goes by: the lowest goes first                              |
class Lru {
 public:
  static constexpr std::uint32_t none = detail::PairingHeaps::none;

  void resize(std::size_t experts);
  void use(std::uint32_t expert, std::uint64_t) { last_use_[expert] = ++uses_; }
  void insert(std::uint32_t expert, ExpertId, std::uint64_t);
  void erase(std::uint32_t expert) { heaps_.erase(candidates_, expert); }
  std::uint32_t lowest(std::uint32_t, std::uint64_t) const { return candidates_; }
  double score(std::uint32_t expert, std::uint64_t) const { return static_cast<double>(last_use_[expert]); }

 private:
  detail::PairingHeaps heaps_;
  detail::PairingHeaps::Top candidates_ = none;  // by last use
  std::vector<std::uint64_t> last_use_;          // [experts]
  std::uint64_t uses_ = 0;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "lru.ipp"
#endif
