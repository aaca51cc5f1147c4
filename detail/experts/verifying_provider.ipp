// SPDX-License-Identifier: MIT
#pragma once
#include "verifying_provider.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../core/panels.hpp"
#include "matrix_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The checksum of a matrix as kernels read it. Computed if the file states none, or if the matrix is converted.
MOE_INLINE std::uint32_t checksum_of(const MatrixLocation& matrix, const Checkpoint& checkpoint) {
  if (matrix.is_plain() && matrix.crc32c) return *matrix.crc32c;
  const auto mapped = [&](const StoredBytes& stored) {
    return checkpoint.mapped(stored.file).subspan(static_cast<std::size_t>(stored.offset), stored.bytes);
  };
  if (matrix.is_plain()) return crc32c(mapped(matrix.numbers()));
  std::vector<std::byte> memory(matrix.bytes());
  decode_matrix(matrix, mapped(matrix.numbers()), mapped(matrix.encoding.scales), memory.data());
  return crc32c(memory);
}

/// The checksum of the rows of a matrix in ascending order, for both orders of the bytes in memory.
MOE_INLINE std::uint32_t checksum_of(const Matrix& matrix) {
  if (matrix.order == Matrix::Order::rows) return crc32c({matrix.data, matrix.bytes()});
  std::vector<std::byte> row(matrix.row_bytes());
  std::uint32_t checksum = 0;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    copy_row(matrix, r, row.data());
    checksum = crc32c(row, checksum);
  }
  return checksum;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ExpertChecksums::ExpertChecksums(const ExpertCatalog& catalog) {
  const Checkpoint& checkpoint = catalog.checkpoint();
  std::vector<Checksums> checksums;
  checksums.reserve(catalog.size());
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const auto parts = detail::parts_of(catalog[i]);
    Checksums& of_expert = checksums.emplace_back();
    for (std::size_t part = 0; part < parts.size(); ++part)
      if (parts[part]->rows > 0) of_expert[part] = detail::checksum_of(*parts[part], checkpoint);
  }
  state_ = std::make_shared<const State>(State{catalog, std::move(checksums)});
}

MOE_INLINE void ExpertChecksums::verify(ExpertId id, const ExpertWeights& weights) const {
  const Checksums& expected = state_->checksums[state_->catalog.index(id)];
  const auto parts = detail::parts_of(weights);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const std::uint32_t found = parts[part].rows > 0 ? detail::checksum_of(parts[part]) : 0;
    if (found != expected[part])
      detail::fail("experts", detail::describe(detail::expert_part_names[part], id),
                   detail::concat("CRC-32C ", expected[part]), detail::concat(found));
  }
}

}  // namespace moe::inline MOE_ABI
