#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "catalog.hpp"
#include "provider.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
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
    const ExpertWeights& weights = *lease;
    verify(id, "gate", weights.gate, expected.gate);
    verify(id, "up", weights.up, expected.up);
    verify(id, "down", weights.down, expected.down);
    return lease;
  }

  void hint(std::span<const ExpertId> ids, Hint kind) noexcept { detail::hint(inner_, ids, kind); }
  std::size_t bytes(ExpertId id) { return detail::bytes(inner_, id); }

  Inner& inner() { return inner_; }

 private:
  static void verify(ExpertId id, std::string_view projection, const Matrix& matrix, std::uint32_t expected) {
    const std::uint32_t found = detail::crc32c({matrix.data, matrix.bytes()});
    if (found != expected)
      detail::fail("experts", detail::concat(projection, " of expert ", id.expert, " of layer ", id.layer),
                   detail::concat("CRC-32C ", expected), detail::concat(found));
  }

  Inner inner_;
  ExpertCatalog catalog_;
  std::vector<ExpertChecksums> checksums_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "verifying_provider.ipp"
#endif
