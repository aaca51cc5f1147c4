#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "catalog.hpp"
#include "check_provider.hpp"
#include "optional_members.hpp"
#include "provider.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// The CRC-32C of an expert's matrices.
struct ExpertChecksums {
  std::uint32_t gate = 0, up = 0, down = 0;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The checksums of all experts of a catalog, by its index. Reads the whole mapped checkpoint.
std::vector<ExpertChecksums> checksums_of(const ExpertCatalog& catalog);

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Compares what `Inner` brings with checksums: a wrong expert is an error, never a wrong token. Costs a pass over the
/// weights at each acquire(), so it belongs below a cache.
template <ExpertProvider Inner>
class VerifyingProvider {
  static_assert(check_provider<Inner>());

 public:
  /// `checksums`: of all experts of the catalog, by its index.
  VerifyingProvider(Inner inner, ExpertCatalog catalog, std::vector<ExpertChecksums> checksums)
      : inner_(std::move(inner)), catalog_(std::move(catalog)), checksums_(std::move(checksums)) {
    if (checksums_.size() != catalog_.size())
      detail::fail("verifying", "checksums", detail::concat(catalog_.size()),
                   detail::concat(checksums_.size()));
  }

  LeaseOf<Inner> acquire(ExpertId id) {
    const ExpertChecksums& expected = checksums_[catalog_.index(id)];
    auto lease = inner_.acquire(id);
    verify(id, *lease, expected);
    return lease;
  }

  std::optional<LeaseOf<Inner>> try_acquire(ExpertId id) {
    const ExpertChecksums& expected = checksums_[catalog_.index(id)];
    auto lease = detail::try_acquire(inner_, id);
    if (lease) verify(id, **lease, expected);
    return lease;
  }

  const ExpertCatalog& catalog() const { return catalog_; }

  Inner& inner() { return inner_; }

 private:
  static void verify(ExpertId id, const ExpertWeights& weights, const ExpertChecksums& expected) {
    verify_matrix("gate", id, weights.gate, expected.gate);
    verify_matrix("up", id, weights.up, expected.up);
    verify_matrix("down", id, weights.down, expected.down);
  }

  static void verify_matrix(std::string_view projection, ExpertId id, const Matrix& matrix,
                            std::uint32_t expected) {
    const std::uint32_t found = detail::crc32c({matrix.data, matrix.bytes()});
    if (found != expected)
      detail::fail("experts", detail::describe(projection, id), detail::concat("CRC-32C ", expected),
                   detail::concat(found));
  }

  Inner inner_;
  ExpertCatalog catalog_;
  std::vector<ExpertChecksums> checksums_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "verifying_provider.ipp"
#endif
