// SPDX-License-Identifier: MIT
#pragma once
#include "trace.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void require_at_most(std::string_view place, std::uint64_t most, std::uint64_t found) {
  if (found > most) fail("trace", place, concat("at most ", most), concat(found));
}

MOE_INLINE void require_distinct(std::span<const std::uint32_t> experts) {
  for (std::size_t i = 0; i < experts.size(); ++i)
    if (std::find(experts.begin(), experts.begin() + static_cast<std::ptrdiff_t>(i), experts[i]) !=
        experts.begin() + static_cast<std::ptrdiff_t>(i))
      fail("trace", "experts of a visit", "distinct experts", concat("expert ", experts[i], " twice"));
}

/// Makes room for more elements; capacities grow geometrically.
template <class T>
void make_room(std::vector<T>& list, std::size_t more) {
  if (list.capacity() - list.size() < more) list.reserve(std::max(list.size() + more, 2 * list.capacity()));
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE Trace::Trace(TraceModel model) : model_(std::move(model)) {
  detail::require_at_most("layers of the model", most_layers, model_.layers);
  detail::require_at_most("experts of a layer", most_experts, model_.experts);
  detail::require_at_most("experts per token", most_experts_per_token, model_.experts_per_token);
  if (model_.layers > 0) most_.layers = model_.layers;
  if (model_.experts > 0) most_.experts = model_.experts;
  if (model_.experts_per_token > 0) most_.experts_per_token = model_.experts_per_token;
}

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
  detail::make_room(visits_, 1);
  detail::make_room(experts_, count);
  detail::make_room(weights_, count);
  visits_.push_back({experts_.size(), visit.turn, visit.step, visit.layer, count, visit.prompt});
  experts_.insert(experts_.end(), visit.experts.begin(), visit.experts.end());
  weights_.insert(weights_.end(), visit.weights.begin(), visit.weights.end());
  weights_.resize(experts_.size());
  model_.layers = std::max(model_.layers, visit.layer + 1);
  model_.experts_per_token = std::max(model_.experts_per_token, count);
  for (const std::uint32_t expert : visit.experts) model_.experts = std::max(model_.experts, expert + 1);
}

MOE_INLINE std::vector<std::span<const std::size_t>> Trace::tokens_of(
    const std::vector<std::size_t>& visits) const {
  std::vector<std::span<const std::size_t>> tokens;
  for (std::size_t begin = 0, end = 0; begin < visits.size(); begin = end) {
    const Stored& first = visits_[visits[begin]];
    const auto same_token = [&](const Stored& visit) {
      return visit.turn == first.turn && visit.step == first.step;
    };
    while (end < visits.size() && same_token(visits_[visits[end]])) ++end;
    tokens.push_back(std::span(visits).subspan(begin, end - begin));
  }
  return tokens;
}

MOE_INLINE Trace Trace::in_texts(std::size_t texts) const {
  Trace out(model_);
  out.expert_bytes_ = expert_bytes_;
  out.dense_bytes_ = dense_bytes_;
  std::vector<std::size_t> after_prompts;
  for (std::size_t i = 0; i < size(); ++i)
    visits_[i].prompt ? out.add((*this)[i]) : after_prompts.push_back(i);
  const std::vector<std::span<const std::size_t>> tokens = tokens_of(after_prompts);
  if (texts == 0 || texts > tokens.size())
    detail::fail("trace", "texts", detail::concat("1 to ", tokens.size(), ", the tokens after prompts"),
                 detail::concat(texts));
  const std::size_t passes = tokens.size() / texts;
  for (std::size_t pass = 0; pass < passes; ++pass)
    for (std::size_t at = 0; at < tokens[pass].size(); ++at)
      for (std::size_t text = 0; text < texts; ++text) {
        const std::span<const std::size_t> token = tokens[text * tokens.size() / texts + pass];
        if (at >= token.size()) continue;
        TraceVisit visit = (*this)[token[at]];
        visit.turn = visits_[after_prompts.front()].turn;
        visit.step = static_cast<std::uint32_t>(pass);
        out.add(visit);
      }
  return out;
}

MOE_INLINE void Trace::check(const TraceVisit& visit) const {
  detail::require_at_most("layer of a visit", most_.layers - 1, visit.layer);
  detail::require_at_most("experts of a visit", most_.experts_per_token, visit.experts.size());
  for (const std::uint32_t expert : visit.experts)
    detail::require_at_most("expert of a visit", most_.experts - 1, expert);
  detail::require_distinct(visit.experts);
  if (!visit.weights.empty() && visit.weights.size() != visit.experts.size())
    detail::fail("trace", "weights of a visit", detail::concat(visit.experts.size(), ", one for each expert"),
                 detail::concat(visit.weights.size()));
}

MOE_INLINE std::uint64_t Trace::at_or_zero(const std::vector<std::uint64_t>& bytes, std::size_t layer) {
  return layer < bytes.size() ? bytes[layer] : 0;
}

MOE_INLINE void Trace::set(std::vector<std::uint64_t>& bytes, std::size_t layer, std::uint64_t value) {
  detail::require_at_most("layer", most_.layers - 1, layer);
  if (layer >= bytes.size()) bytes.resize(layer + 1);
  bytes[layer] = value;
}

}  // namespace moe::inline MOE_ABI
