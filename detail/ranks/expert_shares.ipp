// SPDX-License-Identifier: MIT
#pragma once
#include "expert_shares.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The owners of the experts of one layer, balanced by how often the experts were chosen.
inline std::vector<std::uint16_t> balanced_owners(std::span<const std::uint64_t> counts, std::size_t ranks) {
  std::vector<std::uint32_t> by_count(counts.size());
  std::iota(by_count.begin(), by_count.end(), 0u);
  std::stable_sort(by_count.begin(), by_count.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return counts[a] > counts[b]; });
  const std::size_t most = (counts.size() + ranks - 1) / ranks;
  std::vector<std::uint64_t> load(ranks, 0);
  std::vector<std::size_t> owned(ranks, 0);
  std::vector<std::uint16_t> owners(counts.size());
  for (const std::uint32_t expert : by_count) {
    std::size_t best = ranks;
    for (std::size_t rank = 0; rank < ranks; ++rank)
      if (owned[rank] < most && (best == ranks || load[rank] < load[best])) best = rank;
    owners[expert] = static_cast<std::uint16_t>(best);
    load[best] += counts[expert];
    ++owned[best];
  }
  return owners;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ExpertShares::ExpertShares(const ModelSpec& spec, std::size_t ranks)
    : ranks_(ranks), owners_(spec.layers.size()) {
  detail::expect(ranks > 0 && ranks <= UINT16_MAX, "expert shares", "ranks", "1 to 65535",
                 detail::concat(ranks));
  for (std::size_t layer = 0; layer < owners_.size(); ++layer) {
    const RouterSpec* router = spec.layers[layer].router();
    owners_[layer].resize(router ? router->experts : 0);
    for (std::size_t expert = 0; expert < owners_[layer].size(); ++expert)
      owners_[layer][expert] = static_cast<std::uint16_t>((layer + expert) % ranks);
  }
}

MOE_INLINE ExpertShares::ExpertShares(const ModelSpec& spec, std::size_t ranks, const UsageProfile& usage)
    : ExpertShares(spec, ranks) {
  detail::expect(
      usage.layers() == spec.layers.size() && usage.experts() == spec.experts(), "expert shares",
      "usage profile",
      detail::concat("shape [", spec.layers.size(), ", ", spec.experts(), "] of layers and experts"),
      detail::concat("[", usage.layers(), ", ", usage.experts(), "]"));
  std::vector<std::uint64_t> counts;
  for (std::uint32_t layer = 0; layer < owners_.size(); ++layer) {
    counts.resize(owners_[layer].size());
    for (std::uint32_t expert = 0; expert < counts.size(); ++expert)
      counts[expert] = usage.count({layer, expert});
    owners_[layer] = detail::balanced_owners(counts, ranks);
  }
}

MOE_INLINE std::size_t ExpertShares::experts_of(std::size_t rank) const {
  std::size_t count = 0;
  for (const std::vector<std::uint16_t>& layer : owners_)
    count += static_cast<std::size_t>(std::count(layer.begin(), layer.end(), rank));
  return count;
}

MOE_INLINE std::uint32_t ExpertShares::checksum() const {
  std::vector<std::uint16_t> all;
  for (const std::vector<std::uint16_t>& layer : owners_) {
    all.push_back(static_cast<std::uint16_t>(layer.size()));
    all.insert(all.end(), layer.begin(), layer.end());
  }
  return detail::crc32c(std::as_bytes(std::span(all)));
}

}  // namespace moe::inline MOE_ABI
