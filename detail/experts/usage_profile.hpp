#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "../io/output_file.hpp"
#include "expert.hpp"
#include "trace.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

/// How often the router of each layer chose each expert, and with how much weight in sum (router mass). Layers without
/// experts, and experts that were never chosen, have 0 of both.
class UsageProfile {
 public:
  /// Throws if there would be more than 2^26 experts in all.
  UsageProfile(std::size_t layers, std::size_t experts);

  /// What a trace tells.
  explicit UsageProfile(const Trace& trace);

  std::size_t layers() const { return layers_; }
  std::size_t experts() const { return experts_; }  // of a layer

  /// How often an expert was chosen, and the sum of its weights when it was.
  std::uint64_t count(ExpertId id) const { return counts_[index(id)]; }
  double mass(ExpertId id) const { return mass_[index(id)]; }

  /// The same of all experts of a layer.
  std::uint64_t count(std::size_t layer) const;
  double mass(std::size_t layer) const;

  /// Counts what a router chose for one token. Throws if the profile has no such expert.
  void add(const TraceVisit& visit);

  /// Counts an expert that was chosen `count` times, with weights of that sum.
  void add(ExpertId id, std::uint64_t count, double mass);

  /// Adds what another profile of the same shape counted.
  UsageProfile& operator+=(const UsageProfile& other);

  /// The `most` experts of a layer that were chosen most often, most often first; of equals the one of more mass, then
  /// the first. Experts that were never chosen are not among them, so it may be fewer.
  std::vector<std::uint32_t> most_used(std::size_t layer, std::size_t most) const;

  /// All experts that were ever chosen, most often first; of equals the one of more mass, then the first: what
  /// CachingProvider::pin() takes.
  std::vector<ExpertId> ranking() const;

 private:
  /// Whether expert i was chosen more often than expert j, or as often with more mass.
  bool used_more(std::size_t i, std::size_t j) const;

  std::size_t index(ExpertId id) const;

  std::size_t layers_, experts_;
  std::vector<std::uint64_t> counts_;  // [layers, experts]
  std::vector<double> mass_;           // [layers, experts]
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

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

UsageProfile usage_profile_of(const Json& root);

/// A profile as JSON: {"usage_profile": 1, "counts": [[...], ...], "mass": [[...], ...]}, both [layers, experts].
std::string to_json(const UsageProfile& profile);

/// Reads what write_usage_profile() wrote. Throws if anything in it is wrong.
UsageProfile read_usage_profile(const std::string& path);

inline void write_usage_profile(const UsageProfile& profile, const std::string& path) {
  write_text(path, to_json(profile));
}

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "usage_profile.ipp"
#endif
