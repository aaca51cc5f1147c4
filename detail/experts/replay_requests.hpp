// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"
#include "replay_policies.hpp"
#include "residency.hpp"
#include "trace.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI {

/// The order in which a replay requests the experts of a visit.
enum class ReplayOrder {
  /// In rank order, as recorded. A prompt requests each expert once per layer, in the order of the first occurrences. No expert
  /// of a visit is evicted for another expert of the same visit. Publications compare caches in this order.
  rank,
  /// The order of the engine: resident experts first. A prompt requests each expert once per layer, in the order of the ids.
  hits_first,
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// One expert that the tokens of one visit, or of a prompt in one layer, need.
struct ReplayRequest {
  std::uint32_t cache = 0;
  std::uint32_t number = 0;  // of the expert in its cache
  ExpertId id;  // with the index of the layer among the layers with visits; 0 if each layer has a cache
  std::size_t bytes = 0;
  std::size_t choice = 0;  // its index in the trace; of the last choice if several tokens chose the expert
  std::size_t tokens = 1;  // the number of tokens that chose the expert
  bool resident = false;   // set by the replay
};

/// Turns the visits of a trace into requests to one cache, or to one cache per layer. Experts are numbered by their ids, and
/// only experts and layers that occur are numbered: time and memory are O(n log n) and O(n) for n choices, however large
/// the numbers in the trace are.
class ReplayRequests {
 public:
  /// `trace` must outlive this object.
  ReplayRequests(const Trace& trace, bool per_layer);

  const Trace& trace() const { return *trace_; }
  std::size_t caches() const { return per_layer_ ? layers_ : 1; }

  /// Replaces `out` by the requests of visit i, and of the visits after it that were computed together with it: in a prompt,
  /// the visits of the same prompt and layer; after a prompt, the visits of other texts with the same step and layer. Returns
  /// the index of the first visit that is not gathered. Precondition: visit i has an expert.
  std::size_t gather(std::size_t i, ReplayOrder order, std::vector<ReplayRequest>& out);

  /// For each choice, the next choice of the same expert.
  Belady::Future future() const;

 private:
  struct Layer {
    std::uint32_t rank = 0;          // among the layers with visits
    std::uint32_t first_number = 0;  // of its experts
  };

  void number_experts();
  ReplayRequest request_of(const TraceVisit& visit, std::size_t slot) const;

  const Trace* trace_;
  bool per_layer_;
  std::size_t layers_ = 0;              // with visits
  std::size_t experts_ = 0;             // different ones, of all layers
  std::vector<std::uint32_t> numbers_;  // [choices]: of the expert among all experts
  std::vector<Layer> layer_of_;         // by layer of the trace
  // [experts]: during gather(), 1 + the index of the expert's request, or 0 if there is none.
  std::vector<std::uint32_t> place_;
};

/// The options of a cache for the model of a trace: only layers with visits count.
CacheOptions cache_options_of(const Trace& trace, std::size_t budget_bytes);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "replay_requests.ipp"
#endif
