// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"
#include "trace.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

/// How often the router of each layer chose each expert (count), and the sum of the router's weights of that expert (mass).
/// Both are 0 in layers without experts, and for experts that were never chosen.
class UsageProfile {
 public:
  /// Larger profiles are refused, so that a wrong number in a trace costs little memory. Models have up to 30 000 experts.
  static constexpr std::size_t most_experts = std::size_t{1} << 20;  // of all layers

  /// Throws if there are more than `most_experts` experts in all.
  UsageProfile(std::size_t layers, std::size_t experts);

  /// Counts all visits of a trace.
  explicit UsageProfile(const Trace& trace);

  std::size_t layers() const { return layers_; }    // of the model
  std::size_t experts() const { return experts_; }  // of a layer

  /// How often one expert was chosen. Throws if the profile has no such expert.
  std::uint64_t count(ExpertId id) const { return counts_[index(id)]; }
  /// The sum of the weights of one expert. Throws if the profile has no such expert.
  double mass(ExpertId id) const { return mass_[index(id)]; }

  /// How often experts of a layer were chosen.
  std::uint64_t count(std::size_t layer) const;
  /// The sum of the weights of all experts of a layer.
  double mass(std::size_t layer) const;

  /// Counts the experts that a router chose for one token. Throws, and counts nothing, if the profile lacks one of these
  /// experts.
  void add(const TraceVisit& visit);

  /// Counts an expert that was chosen `count` times, with weights whose sum is `mass`. Throws if the profile has no such
  /// expert.
  void add(ExpertId id, std::uint64_t count, double mass);

  /// Adds the counts and masses of another profile. Throws unless the other profile has the same number of layers and of
  /// experts.
  UsageProfile& operator+=(const UsageProfile& other);

  /// Up to `most` experts of a layer that were chosen at least once, in the order of ranking(). Throws if there is no such
  /// layer.
  std::vector<std::uint32_t> most_used(std::size_t layer, std::size_t most) const;

  /// All experts that were chosen at least once, by falling count, then falling mass, then rising id. CachingProvider::pin()
  /// takes such a list.
  std::vector<ExpertId> ranking() const;

  /// Reads a profile from a JSON file: {"usage_profile": 1, "counts": [[...], ...], "mass": [[...], ...]}, both arrays [layers,
  /// experts]. Throws if the file cannot be read, or if anything in the file is wrong.
  static UsageProfile read(const std::string& path);
  /// Writes a file that read() reads. Throws if the file cannot be written.
  void write(const std::string& path) const;

 private:
  /// Whether expert i was chosen more often than expert j, or as often and with more mass.
  bool used_more(std::size_t i, std::size_t j) const;

  std::size_t index(ExpertId id) const;

  std::size_t layers_, experts_;
  std::vector<std::uint64_t> counts_;  // [layers, experts]
  std::vector<double> mass_;           // [layers, experts]
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The text of UsageProfile::write().
std::string to_json(const UsageProfile& profile);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "usage_profile.ipp"
#endif
