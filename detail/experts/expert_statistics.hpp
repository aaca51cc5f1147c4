// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// How the experts of one layer were acquired.
struct ExpertStatistics {
  std::uint64_t resident = 0;   // readable when acquired, and not announced as missing before
  std::uint64_t in_flight = 0;  // announced as missing, and readable when acquired: loaded in the meantime
  std::uint64_t missed = 0;     // not readable when acquired: acquire() loaded the expert, or waited
  std::uint64_t bytes = 0;      // of the weights of in_flight and missed
  double waited_seconds = 0;    // the time that callers spent in acquire() for missed experts

  /// How often experts were acquired.
  std::uint64_t acquired() const { return resident + in_flight + missed; }

  /// Adds the counts of another layer or provider.
  ExpertStatistics& operator+=(const ExpertStatistics& other);
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Counts acquired experts by layer. Thread-safe.
class ExpertCounter {
 public:
  /// Notes experts that are announced because they are missing. If such an expert is readable when it is acquired, it was
  /// loaded in the meantime.
  void count_announced(std::span<const ExpertId> ids) noexcept;

  void count_ready(ExpertId id, std::size_t bytes);
  void count_missed(ExpertId id, std::size_t bytes, double waited_seconds);

  /// By layer, up to the last layer that was counted.
  std::vector<ExpertStatistics> layers() const;

 private:
  ExpertStatistics& layer_of(ExpertId id);

  /// Whether an expert was announced and not acquired since; from now on the expert counts as acquired.
  bool take_announced(ExpertId id);

  mutable std::mutex mutex_;  // guards all members below
  std::vector<ExpertStatistics> layers_;
  std::vector<ExpertId> announced_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert_statistics.ipp"
#endif
