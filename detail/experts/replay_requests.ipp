// SPDX-License-Identifier: MIT
#pragma once
#include "replay_requests.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ReplayRequests::ReplayRequests(const Trace& trace, bool per_layer)
    : trace_(&trace), per_layer_(per_layer), layer_of_(trace.layers()) {
  number_experts();
  place_.resize(experts_);
}

MOE_INLINE void ReplayRequests::number_experts() {
  std::vector<ExpertId> chosen;
  for (std::size_t i = 0; i < trace_->size(); ++i) {
    const TraceVisit visit = (*trace_)[i];
    for (const std::uint32_t expert : visit.experts) chosen.push_back({visit.layer, expert});
  }
  std::vector<ExpertId> ids = chosen;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  experts_ = ids.size();
  for (std::size_t number = 0; number < ids.size(); ++number)
    if (number == 0 || ids[number - 1].layer != ids[number].layer)
      layer_of_[ids[number].layer] = {static_cast<std::uint32_t>(layers_++),
                                      static_cast<std::uint32_t>(number)};
  for (const ExpertId id : chosen)
    numbers_.push_back(
        static_cast<std::uint32_t>(std::lower_bound(ids.begin(), ids.end(), id) - ids.begin()));
}

MOE_INLINE ReplayRequest ReplayRequests::request_of(const TraceVisit& visit, std::size_t slot) const {
  const Layer& layer = layer_of_[visit.layer];
  ReplayRequest out;
  out.choice = trace_->choice(visit, slot);
  out.cache = per_layer_ ? layer.rank : 0;
  out.number = numbers_[out.choice] - (per_layer_ ? layer.first_number : 0);
  out.id = {per_layer_ ? 0 : layer.rank, visit.experts[slot]};
  out.bytes = std::max<std::size_t>(1, static_cast<std::size_t>(trace_->expert_bytes(visit.layer)));
  return out;
}

MOE_INLINE std::size_t ReplayRequests::gather(std::size_t i, ReplayOrder order,
                                              std::vector<ReplayRequest>& out) {
  const TraceVisit first = (*trace_)[i];
  const std::size_t begin = trace_->choice(first, 0);
  out.clear();
  std::size_t end = begin;  // of the choices
  const auto goes_on = [&](const TraceVisit& visit) {
    const bool together = first.prompt || visit.step == first.step;
    return together && visit.prompt == first.prompt && visit.layer == first.layer && visit.turn == first.turn;
  };
  do {
    const TraceVisit visit = (*trace_)[i];
    for (std::size_t slot = 0; slot < visit.experts.size(); ++slot, ++end) {
      std::uint32_t& place = place_[numbers_[end]];
      if (place == 0) {
        out.push_back(request_of(visit, slot));
        place = static_cast<std::uint32_t>(out.size());
      } else {
        ++out[place - 1].tokens;
        out[place - 1].choice = end;
      }
    }
    ++i;
  } while (i < trace_->size() && goes_on((*trace_)[i]));
  for (std::size_t choice = begin; choice < end; ++choice) place_[numbers_[choice]] = 0;
  if (order == ReplayOrder::hits_first)
    std::sort(out.begin(), out.end(),
              [](const ReplayRequest& a, const ReplayRequest& b) { return a.number < b.number; });
  return i;
}

MOE_INLINE Belady::Future ReplayRequests::future() const {
  const std::size_t never = trace_->choices();
  Belady::Future future;
  future.next_use.resize(never);
  std::vector<std::size_t> next(experts_, never);
  for (std::size_t choice = never; choice-- > 0;) {
    future.next_use[choice] = next[numbers_[choice]];
    next[numbers_[choice]] = choice;
  }
  return future;
}

MOE_INLINE CacheOptions cache_options_of(const Trace& trace, std::size_t budget_bytes) {
  CacheOptions options;
  options.budget_bytes = budget_bytes;
  std::vector<bool> visited(trace.layers());
  for (std::size_t i = 0; i < trace.size(); ++i) visited[trace[i].layer] = true;
  options.layers = static_cast<std::size_t>(std::count(visited.begin(), visited.end(), true));
  options.experts_per_token = trace.experts_per_token();
  for (std::size_t layer = 0; layer < trace.layers(); ++layer)
    options.largest_bytes =
        std::max(options.largest_bytes, static_cast<std::size_t>(trace.expert_bytes(layer)));
  return options;
}

}  // namespace moe::inline MOE_ABI::detail
