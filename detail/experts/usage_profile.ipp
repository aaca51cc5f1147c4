// SPDX-License-Identifier: MIT
#pragma once
#include "usage_profile.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/json.hpp"
#include "../io/output_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE UsageProfile::UsageProfile(std::size_t layers, std::size_t experts)
    : layers_(layers), experts_(experts) {
  if (layers > most_experts || experts > most_experts || layers * experts > most_experts)
    detail::fail("usage profile", "experts of all layers", detail::concat("at most ", most_experts),
                 detail::concat(layers, " times ", experts));
  counts_.resize(layers * experts);
  mass_.resize(layers * experts);
}

MOE_INLINE UsageProfile::UsageProfile(const Trace& trace) : UsageProfile(trace.layers(), trace.experts()) {
  for (std::size_t i = 0; i < trace.size(); ++i) add(trace[i]);
}

MOE_INLINE std::uint64_t UsageProfile::count(std::size_t layer) const {
  std::uint64_t sum = 0;
  for (std::uint32_t expert = 0; expert < experts_; ++expert)
    sum += count({static_cast<std::uint32_t>(layer), expert});
  return sum;
}

MOE_INLINE double UsageProfile::mass(std::size_t layer) const {
  double sum = 0;
  for (std::uint32_t expert = 0; expert < experts_; ++expert)
    sum += mass({static_cast<std::uint32_t>(layer), expert});
  return sum;
}

MOE_INLINE void UsageProfile::add(const TraceVisit& visit) {
  for (const std::uint32_t expert : visit.experts)
    (void)index({visit.layer, expert});  // throws before any count
  for (std::size_t slot = 0; slot < visit.experts.size(); ++slot)
    add({visit.layer, visit.experts[slot]}, 1,
        visit.weights.empty() ? 0 : static_cast<double>(visit.weights[slot]));
}

MOE_INLINE void UsageProfile::add(ExpertId id, std::uint64_t count, double mass) {
  const std::size_t i = index(id);
  counts_[i] += count;
  mass_[i] += mass;
}

MOE_INLINE UsageProfile& UsageProfile::operator+=(const UsageProfile& other) {
  if (layers_ != other.layers_ || experts_ != other.experts_)
    detail::fail("usage profile", "adding another",
                 detail::concat("shape [", layers_, ", ", experts_, "] of layers and experts"),
                 detail::concat("[", other.layers_, ", ", other.experts_, "]"));
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i], mass_[i] += other.mass_[i];
  return *this;
}

MOE_INLINE std::vector<std::uint32_t> UsageProfile::most_used(std::size_t layer, std::size_t most) const {
  const std::size_t first = index({static_cast<std::uint32_t>(layer), 0});
  std::vector<std::uint32_t> order(experts_);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::stable_sort(order.begin(), order.end(), [this, first](std::uint32_t a, std::uint32_t b) {
    return used_more(first + a, first + b);
  });
  std::size_t used = 0;
  while (used < order.size() && used < most && counts_[first + order[used]] > 0) ++used;
  order.resize(used);
  return order;
}

MOE_INLINE std::vector<ExpertId> UsageProfile::ranking() const {
  std::vector<std::size_t> order(counts_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [this](std::size_t a, std::size_t b) { return used_more(a, b); });
  std::vector<ExpertId> out;
  for (const std::size_t i : order) {
    if (counts_[i] == 0) break;
    out.push_back({static_cast<std::uint32_t>(i / experts_), static_cast<std::uint32_t>(i % experts_)});
  }
  return out;
}

MOE_INLINE bool UsageProfile::used_more(std::size_t i, std::size_t j) const {
  return counts_[i] != counts_[j] ? counts_[i] > counts_[j] : mass_[i] > mass_[j];
}

MOE_INLINE std::size_t UsageProfile::index(ExpertId id) const {
  if (id.layer >= layers_ || id.expert >= experts_)
    detail::fail("usage profile", detail::concat("expert ", id.expert, " of layer ", id.layer),
                 detail::concat("one of ", layers_, " layers of ", experts_, " experts"), "no such expert");
  return id.layer * experts_ + id.expert;
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Throws unless both matrices have the same shape; returns the length of their rows. The shapes are checked before any memory
/// is taken: one long row among many empty rows would otherwise need much more memory than the file has bytes.
MOE_INLINE std::size_t experts_of_profile(const Json& counts, const Json& mass) {
  const auto require_size = [](const Json& array, std::size_t size) {
    if (array.as_array().size() != size) array.fail_here(concat(size, " elements"), concat(array.size()));
  };
  require_size(mass, counts.size());
  if (counts.size() == 0) return 0;
  const std::size_t experts = (*counts.begin()).as_array().size();
  for (const Json row : counts) require_size(row, experts);
  for (const Json row : mass) require_size(row, experts);
  return experts;
}

MOE_INLINE UsageProfile usage_profile_of(const Json& root) {
  const Json version = root.at("usage_profile");
  if (version.as_u64() != 1) version.fail_here("1", version.slice());
  constexpr std::uint64_t most_count = (std::uint64_t{1} << 53) - 1;
  const Json counts = root.at("counts").as_array(), mass = root.at("mass").as_array();
  UsageProfile out(counts.size(), experts_of_profile(counts, mass));
  auto mass_row = mass.begin();
  ExpertId id;
  for (const Json row : counts) {
    auto weight = (*mass_row).begin();
    for (const Json count : row) {
      const double value = (*weight).as_double();
      if (value < 0) (*weight).fail_here("a number that is not negative", (*weight).slice());
      out.add(id, count.as_u64(most_count), value);
      ++weight;
      ++id.expert;
    }
    ++mass_row;
    id = {id.layer + 1, 0};
  }
  return out;
}

/// A matrix of numbers [layers, experts] as JSON, one row per line.
template <class Text>
std::string usage_rows(const UsageProfile& profile, Text text) {
  std::string out;
  for (std::uint32_t layer = 0; layer < profile.layers(); ++layer) {
    out += layer == 0 ? "\n    [" : ",\n    [";
    for (std::uint32_t expert = 0; expert < profile.experts(); ++expert)
      out += concat(expert == 0 ? "" : ", ", text(ExpertId{layer, expert}));
    out += ']';
  }
  return out;
}

MOE_INLINE std::string to_json(const UsageProfile& profile) {
  return concat("{\n  \"usage_profile\": 1,\n  \"counts\": [",
                usage_rows(profile, [&](ExpertId id) { return concat(profile.count(id)); }),
                "\n  ],\n  \"mass\": [",
                usage_rows(profile, [&](ExpertId id) { return to_decimal(profile.mass(id)); }), "\n  ]\n}\n");
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE UsageProfile UsageProfile::read(const std::string& path) {
  const JsonDocument document(detail::read_text(path), path);
  return detail::usage_profile_of(document.root());
}

MOE_INLINE void UsageProfile::write(const std::string& path) const {
  detail::write_text(path, detail::to_json(*this));
}

}  // namespace moe::inline MOE_ABI
