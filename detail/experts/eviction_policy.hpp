// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/pairing_heap.hpp"
#include "expert.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace moe::inline MOE_ABI {

/// Stands for "no expert" where a number of an expert is expected.
inline constexpr std::uint32_t no_expert = detail::PairingHeaps::none;

/// Decides which expert a cache evicts. The cache numbers its experts 0, 1, 2, ... in the order of their first requests. An
/// expert is a candidate while it is resident, has no lease, is not about to be acquired, is not cold (such experts are evicted
/// without the policy; see CacheOptions), and is not one of the last experts that its layer keeps. Most experts are candidates
/// most of the time, so each call should take O(log n) or less.
///
/// | expression                       | returns       | meaning                                                              |
/// |----------------------------------|---------------|----------------------------------------------------------------------|
/// | policy.resize(experts, layers)   |               | prepares for numbers below `experts` and layers below `layers`, both |
/// |                                  |               | never less than in the last call that returned; the only member that |
/// |                                  |               | may allocate or throw                                                |
/// | policy.use(expert, token)        |               | the expert, which is no candidate now, is used at that token         |
/// | policy.insert(expert, id, token) |               | the expert becomes a candidate                                       |
/// | policy.erase(expert)             |               | the expert is no candidate any more                                  |
/// | policy.lowest(layer, token)      | std::uint32_t | the candidate to evict, so that an expert of `layer` has room;       |
/// |                                  |               | `no_expert` if there is no candidate                                 |
/// | policy.score(expert, token)      | double        | the value of keeping an expert, candidate or not: if there is no     |
/// |                                  |               | candidate, the cache evicts the expert with the lowest score         |
///
/// All members but resize() are noexcept. `token` counts the tokens that were computed so far and never decreases. A policy
/// can be copied. Only one thread at a time calls a policy. Experts of equal value should be evicted in the order of their ids,
/// not of their numbers, which depend on the order of the requests.
///
/// docs/write-an-eviction-policy.md shows a complete policy.
template <class E>
concept EvictionPolicy = std::is_copy_constructible_v<E> &&
    requires(E& policy, const E& constant, std::size_t size, std::uint32_t expert, ExpertId id,
             std::uint64_t token) {
  policy.resize(size, size);
  requires noexcept(policy.use(expert, token))&& noexcept(policy.insert(expert, id, token))&& noexcept(
      policy.erase(expert))&& noexcept(constant.score(expert, token));
  { policy.lowest(expert, token) }
  noexcept->std::same_as<std::uint32_t>;
  { constant.score(expert, token) } -> std::convertible_to<double>;
};

/// The candidates of a policy in which a candidate's key does not change: the candidate with the lowest key is evicted first,
/// and among equal keys the candidate with the lowest id. insert: O(1), erase: O(log n) amortised. Only resize() allocates.
class CandidateHeap {
 public:
  /// Makes room for experts with numbers below `experts`. Throws std::bad_alloc.
  void resize(std::size_t experts) { heap_.resize(experts); }
  /// Adds an expert that is no candidate yet.
  void insert(std::uint32_t expert, ExpertId id, double key) noexcept {
    heap_.insert(top_, expert, key, std::uint64_t{id.layer} << 32 | id.expert);
  }
  /// Removes a candidate.
  void erase(std::uint32_t expert) noexcept { heap_.erase(top_, expert); }

  /// The candidate to evict first; `no_expert` if there is no candidate.
  std::uint32_t lowest() const noexcept { return top_; }

 private:
  detail::PairingHeaps heap_;
  detail::PairingHeaps::Top top_ = no_expert;
};

/// Refuses a type that is no eviction policy, with one line of compiler error. Called by every template that takes a policy.
template <class E>
consteval bool check_eviction_policy() {
  static_assert(
      EvictionPolicy<E>,
      "moe: an eviction policy can be copied and has `resize(experts, layers)` and the noexcept members "
      "`use(expert, token)`, `insert(expert, id, token)`, `erase(expert)`, `lowest(layer, token)` and "
      "`score(expert, token) const`: see the table at EvictionPolicy");
  return true;
}

}  // namespace moe::inline MOE_ABI
