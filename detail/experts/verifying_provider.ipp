#pragma once
#include "verifying_provider.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The checksum that the file states, or, if there is none, that of the bytes of the mapped file.
MOE_INLINE std::uint32_t checksum_of(const MatrixLocation& matrix, const Checkpoint& checkpoint) {
  if (matrix.crc32c) return *matrix.crc32c;
  return crc32c(
      checkpoint.mapped(matrix.file).subspan(static_cast<std::size_t>(matrix.offset), matrix.bytes()));
}

MOE_INLINE void verify_matrix(std::string_view projection, ExpertId id, const Matrix& matrix,
                              std::uint32_t expected) {
  const std::uint32_t found = crc32c({matrix.data, matrix.bytes()});
  if (found != expected)
    fail("experts", describe(projection, id), concat("CRC-32C ", expected), concat(found));
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ExpertChecksums::ExpertChecksums(const ExpertCatalog& catalog) {
  const Checkpoint& checkpoint = catalog.checkpoint();
  std::vector<Checksums> checksums;
  checksums.reserve(catalog.size());
  for (std::size_t i = 0; i < catalog.size(); ++i)
    checksums.push_back({detail::checksum_of(catalog[i].gate, checkpoint),
                         detail::checksum_of(catalog[i].up, checkpoint),
                         detail::checksum_of(catalog[i].down, checkpoint)});
  state_ = std::make_shared<const State>(State{catalog, std::move(checksums)});
}

MOE_INLINE void ExpertChecksums::verify(ExpertId id, const ExpertWeights& weights) const {
  const Checksums& expected = state_->checksums[state_->catalog.index(id)];
  detail::verify_matrix("gate", id, weights.gate, expected.gate);
  detail::verify_matrix("up", id, weights.up, expected.up);
  detail::verify_matrix("down", id, weights.down, expected.down);
}

}  // namespace moe::inline MOE_ABI
