#pragma once
#include "../core/decimal.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/json.hpp"
#include "../io/output_file.hpp"
#include "expert.hpp"
#include "trace.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace moe {

/// How often the router of each layer chose each expert, and with how much weight in sum (router mass). Layers without
/// experts, and experts that were never chosen, have 0 of both.
class UsageProfile {
 public:
  /// Throws if there would be more than 2^26 experts in all.
  UsageProfile(std::size_t layers, std::size_t experts) : layers_(layers), experts_(experts) {
    constexpr std::size_t most = std::size_t{1} << 26;
    if (layers > most || experts > most || layers * experts > most)
      fail("usage profile", "experts of all layers", detail::concat("at most ", most),
           detail::concat(layers, " times ", experts));
    counts_.resize(layers * experts);
    mass_.resize(layers * experts);
  }

  /// What a trace tells.
  explicit UsageProfile(const Trace& trace) : UsageProfile(trace.layers(), trace.experts()) {
    for (std::size_t i = 0; i < trace.size(); ++i) add(trace[i]);
  }

  std::size_t layers() const { return layers_; }
  std::size_t experts() const { return experts_; }  // of a layer

  /// How often an expert was chosen, and the sum of its weights when it was.
  std::uint64_t count(ExpertId id) const { return counts_[index(id)]; }
  double mass(ExpertId id) const { return mass_[index(id)]; }

  /// The same of all experts of a layer.
  std::uint64_t count(std::size_t layer) const {
    std::uint64_t sum = 0;
    for (std::uint32_t expert = 0; expert < experts_; ++expert)
      sum += count({static_cast<std::uint32_t>(layer), expert});
    return sum;
  }
  double mass(std::size_t layer) const {
    double sum = 0;
    for (std::uint32_t expert = 0; expert < experts_; ++expert)
      sum += mass({static_cast<std::uint32_t>(layer), expert});
    return sum;
  }

  /// Counts what a router chose for one token. Throws if the profile has no such expert.
  void add(const TraceVisit& visit) {
    for (std::size_t slot = 0; slot < visit.experts.size(); ++slot)
      add({visit.layer, visit.experts[slot]}, 1,
          visit.weights.empty() ? 0 : static_cast<double>(visit.weights[slot]));
  }

  /// Counts an expert that was chosen `count` times, with weights of that sum.
  void add(ExpertId id, std::uint64_t count, double mass) {
    const std::size_t i = index(id);
    counts_[i] += count;
    mass_[i] += mass;
  }

  /// Adds what another profile of the same shape counted.
  UsageProfile& operator+=(const UsageProfile& other) {
    if (layers_ != other.layers_ || experts_ != other.experts_)
      fail("usage profile", "adding another", detail::concat(layers_, " layers of ", experts_, " experts"),
           detail::concat(other.layers_, " of ", other.experts_));
    for (std::size_t i = 0; i < counts_.size(); ++i)
      counts_[i] += other.counts_[i], mass_[i] += other.mass_[i];
    return *this;
  }

  /// The `most` experts of a layer that were chosen most often, most often first; of equals the one of more mass, then
  /// the first. Experts that were never chosen are not among them, so it may be fewer.
  std::vector<std::uint32_t> most_used(std::size_t layer, std::size_t most) const {
    const std::size_t first = index({static_cast<std::uint32_t>(layer), 0});
    std::vector<std::uint32_t> order(experts_);
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::ranges::stable_sort(
        order, [this, first](std::uint32_t a, std::uint32_t b) { return used_more(first + a, first + b); });
    std::size_t used = 0;
    while (used < order.size() && used < most && counts_[first + order[used]] > 0) ++used;
    order.resize(used);
    return order;
  }

  /// All experts that were ever chosen, most often first; of equals the one of more mass, then the first: what
  /// LruProvider::pin() takes.
  std::vector<ExpertId> ranking() const {
    std::vector<std::size_t> order(counts_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [this](std::size_t a, std::size_t b) { return used_more(a, b); });
    std::vector<ExpertId> out;
    for (const std::size_t i : order) {
      if (counts_[i] == 0) break;
      out.push_back({static_cast<std::uint32_t>(i / experts_), static_cast<std::uint32_t>(i % experts_)});
    }
    return out;
  }

 private:
  /// Whether expert i was chosen more often than expert j, or as often with more mass.
  bool used_more(std::size_t i, std::size_t j) const {
    return counts_[i] != counts_[j] ? counts_[i] > counts_[j] : mass_[i] > mass_[j];
  }

  std::size_t index(ExpertId id) const {
    if (id.layer >= layers_ || id.expert >= experts_)
      fail("usage profile", detail::concat("expert ", id.expert, " of layer ", id.layer),
           detail::concat("one of ", layers_, " layers of ", experts_, " experts"), "no such expert");
    return id.layer * experts_ + id.expert;
  }

  std::size_t layers_, experts_;
  std::vector<std::uint64_t> counts_;  // [layers, experts]
  std::vector<double> mass_;           // [layers, experts]
};

namespace detail {

/// A matrix of numbers [layers, experts] as JSON, a row in a line.
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

inline UsageProfile usage_profile_of(const Json& root) {
  const Json version = root.at("usage_profile");
  if (version.as_u64() != 1) version.fail_here("1", version.slice());
  constexpr std::uint64_t most_count = (std::uint64_t{1} << 53) - 1;
  const Json counts = root.at("counts").as_array(), mass = root.at("mass").as_array();
  const std::size_t layers = counts.size();
  const std::size_t experts = layers == 0 ? 0 : (*counts.begin()).as_array().size();
  const auto require_size = [](const Json& array, std::size_t size) {
    if (array.as_array().size() != size) array.fail_here(concat(size, " elements"), concat(array.size()));
  };
  require_size(mass, layers);
  UsageProfile out(layers, experts);
  auto mass_row = mass.begin();
  ExpertId id;
  for (const Json row : counts) {
    require_size(row, experts);
    require_size(*mass_row, experts);
    auto weight = (*mass_row).begin();
    for (const Json count : row) {
      const double value = (*weight).as_double();
      if (value < 0) (*weight).fail_here("a number from 0 on", (*weight).slice());
      out.add(id, count.as_u64(most_count), value);
      ++weight;
      ++id.expert;
    }
    ++mass_row;
    id = {id.layer + 1, 0};
  }
  return out;
}

}  // namespace detail

/// A profile as JSON: {"usage_profile": 1, "counts": [[...], ...], "mass": [[...], ...]}, both [layers, experts].
inline std::string to_json(const UsageProfile& profile) {
  return detail::concat(
      "{\n  \"usage_profile\": 1,\n  \"counts\": [",
      detail::usage_rows(profile, [&](ExpertId id) { return detail::concat(profile.count(id)); }),
      "\n  ],\n  \"mass\": [",
      detail::usage_rows(profile, [&](ExpertId id) { return detail::to_decimal(profile.mass(id)); }),
      "\n  ]\n}\n");
}

/// Reads what write_usage_profile() wrote. Throws if anything in it is wrong.
inline UsageProfile read_usage_profile(const std::string& path) {
  const JsonDocument document(read_text(path), path);
  return detail::usage_profile_of(document.root());
}

inline void write_usage_profile(const UsageProfile& profile, const std::string& path) {
  write_text(path, to_json(profile));
}

}  // namespace moe
