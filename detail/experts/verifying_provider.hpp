// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "catalog.hpp"
#include "check_provider.hpp"
#include "optional_members.hpp"
#include "provider.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// The CRC-32C of each matrix and bias of all experts of a checkpoint, in the form that kernels read. Copies are cheap: they
/// share the checksums. Thread-safe.
class ExpertChecksums {
 public:
  /// Takes the checksums that the files state, and reads the weights to compute the others. Files state checksums of the stored
  /// bytes, so the checksums of weights that are converted when they are read are always computed.
  explicit ExpertChecksums(const ExpertCatalog& catalog);

  /// Throws an Error that names the matrix or bias if `weights` differ from the expert in shape, type or checksum. Throws also
  /// if the checkpoint has no such expert.
  void verify(ExpertId id, const ExpertWeights& weights) const;

 private:
  // 0 for parts that an expert does not have.
  using Checksums = std::array<std::uint32_t, detail::expert_parts>;
  struct State {
    ExpertCatalog catalog;
    std::vector<Checksums> checksums;  // by the index of the catalog
  };

  std::shared_ptr<const State> state_;
};

/// Compares all weights that `Inner` delivers with checksums: wrong weights are an error, never a wrong token. Each acquire()
/// and each successful try_acquire() reads all weights of an expert, so this adapter belongs within a cache, not around it.
template <ExpertProvider Inner>
class VerifyingProvider {
  static_assert(check_provider<Inner>());

 public:
  /// checksums: of the experts that `inner` delivers.
  VerifyingProvider(Inner inner, ExpertChecksums checksums)
      : inner_(std::move(inner)), checksums_(std::move(checksums)) {}

  LeaseOf<Inner> acquire(ExpertId id) {
    auto lease = inner_.acquire(id);
    checksums_.verify(id, *lease);
    return lease;
  }

  std::optional<LeaseOf<Inner>> try_acquire(ExpertId id) {
    auto lease = detail::try_acquire(inner_, id);
    if (lease) checksums_.verify(id, **lease);
    return lease;
  }

  Inner& inner() { return inner_; }

 private:
  Inner inner_;
  ExpertChecksums checksums_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "verifying_provider.ipp"
#endif
