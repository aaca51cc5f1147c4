#pragma once
#include "trace.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE TraceVisit Trace::operator[](std::size_t i) const {
  const Stored& visit = visits_[i];
  return {visit.turn,
          visit.prompt,
          visit.step,
          visit.layer,
          std::span(experts_).subspan(visit.first, visit.count),
          std::span(weights_).subspan(visit.first, visit.count)};
}

MOE_INLINE std::size_t Trace::choice(const TraceVisit& visit, std::size_t slot) const {
  return static_cast<std::size_t>(visit.experts.data() - experts_.data()) + slot;
}

MOE_INLINE void Trace::add(const TraceVisit& visit) {
  check(visit);
  const auto count = static_cast<std::uint32_t>(visit.experts.size());
  visits_.push_back({experts_.size(), visit.turn, visit.step, visit.layer, count, visit.prompt});
  experts_.insert(experts_.end(), visit.experts.begin(), visit.experts.end());
  weights_.insert(weights_.end(), visit.weights.begin(), visit.weights.end());
  weights_.resize(experts_.size());
}

MOE_INLINE void Trace::check(const TraceVisit& visit) {
  known(model_.layers, layers_known_, visit.layer + std::uint64_t{1}, "layer of a visit");
  known(model_.experts_per_token, per_token_known_, visit.experts.size(), "experts of a visit");
  for (const std::uint32_t expert : visit.experts) {
    known(model_.experts, experts_known_, expert + std::uint64_t{1}, "expert of a visit");
    std::size_t same = 0;
    for (const std::uint32_t other : visit.experts) same += other == expert;
    detail::expect(same == 1, "trace", "experts of a visit", "distinct ones", "one twice");
  }
  detail::expect(visit.weights.empty() || visit.weights.size() == visit.experts.size(), "trace",
                 "weights of a visit", "one for each expert", "another number");
}

MOE_INLINE void Trace::known(std::uint32_t& have, bool given, std::uint64_t needed, std::string_view place) {
  if (needed <= have) return;
  const std::uint64_t most = given ? have : UINT32_MAX;
  if (needed > most) detail::fail("trace", place, detail::concat("at most ", most), detail::concat(needed));
  have = static_cast<std::uint32_t>(needed);
}

MOE_INLINE std::uint64_t Trace::at_or_zero(const std::vector<std::uint64_t>& bytes, std::size_t layer) {
  return layer < bytes.size() ? bytes[layer] : 0;
}

MOE_INLINE void Trace::set(std::vector<std::uint64_t>& bytes, std::size_t layer, std::uint64_t value) {
  if (layer >= bytes.size()) bytes.resize(layer + 1);
  bytes[layer] = value;
}

}  // namespace moe::inline MOE_ABI
