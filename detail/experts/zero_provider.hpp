// SPDX-License-Identifier: MIT
#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"
#include "catalog.hpp"
#include "provider.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace moe::inline MOE_ABI {

/// LOSSY: experts whose weights, and therefore results, are all zero, in the shapes of the experts of a checkpoint. As the
/// small copies of a FallbackProvider, these experts drop missing experts with a small router weight; the router weights of the
/// other experts of the token stay the same. All experts share the memory of one matrix, in a type that takes few bytes.
/// Thread-safe.
class ZeroProvider {
 public:
  /// Zeros in the shape of an expert, which live as long as the provider.
  using Lease = const ExpertWeights*;

  /// catalog: of the checkpoint whose shapes the experts have.
  explicit ZeroProvider(const ExpertCatalog& catalog);

  /// Throws if there is no such expert.
  Lease acquire(ExpertId id) const;
  std::optional<Lease> try_acquire(ExpertId id) const { return acquire(id); }

 private:
  struct Layer {
    std::size_t experts = 0;
    ExpertWeights weights;  // views of zeros_
  };

  detail::Buffer<std::byte> zeros_;
  std::vector<Layer> layers_;  // leases point to its elements
};

static_assert(ExpertProvider<ZeroProvider>);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "zero_provider.ipp"
#endif
