// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"
#include "provider.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace moe::inline MOE_ABI {

/// Counts of a FallbackProvider since its construction.
struct FallbackStatistics {
  std::uint64_t exact = 0;         // leases of exact experts
  std::uint64_t small_copies = 0;  // leases of small copies
  // The sum over all leases of small copies: weight of the expert / weight of all experts of the token.
  double small_weight = 0;

  /// The share of the expert weight that small copies served. choices: the number of tokens times the number of layers with
  /// experts.
  double small_share(std::uint64_t choices) const {
    return choices == 0 ? 0 : small_weight / static_cast<double>(choices);
  }
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// An announcement of chosen experts in two parts: the light experts, whose share of the weight of all experts of the token is
/// below a threshold, and the others. Without weights or without the total weight no expert is light.
struct SplitAnnouncement {
  SplitAnnouncement(const Announcement& announcement, float threshold);

  std::vector<ExpertId> heavy_ids, light_ids;
  std::vector<float> heavy_weights, light_weights;
  std::vector<float> light_shares;
};

/// The light experts that threads have announced and not acquired since, and the counts of a FallbackProvider. The experts
/// that a thread announced are light for this thread only, because each thread computes another token. Thread-safe.
class LightExperts {
 public:
  /// Replaces the light experts of the calling thread. If std::bad_alloc is thrown, the thread has none.
  void replace(const SplitAnnouncement& split);

  /// The calling thread has no light experts any more.
  void forget() noexcept;

  /// The share of a light expert of the calling thread; empty if the expert is not light.
  std::optional<float> share(ExpertId id) const;

  /// Counts a lease of an exact expert. The expert is no longer light for the calling thread.
  void count_exact(ExpertId id);

  /// Counts a lease of the small copy of a light expert. The expert is no longer light for the calling thread.
  void count_small(ExpertId id, float share);

  FallbackStatistics statistics() const;

 private:
  struct Entry {
    std::thread::id thread;
    ExpertId id;
    float share;
  };

  /// Removes all entries of the calling thread, or the entry of one expert.
  void remove_own();
  void remove(ExpertId id);

  mutable std::mutex mutex_;  // guards entries_ and small_weight_
  std::vector<Entry> entries_;
  double small_weight_ = 0;
  std::atomic<std::size_t> size_ = 0;  // of entries_: usually 0, and then no lock is taken
  std::atomic<std::uint64_t> exact_ = 0, small_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "light_experts.ipp"
#endif
