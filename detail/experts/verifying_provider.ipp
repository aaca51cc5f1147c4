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
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The checksum of a matrix as kernels read it. The checksum is computed if the file states none, or if the matrix is
/// converted.
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

/// Whether both are matrices of the same shape and type, or no matrices.
MOE_INLINE bool same_shape(const MatrixLocation& expected, const Matrix& found) {
  if (expected.rows == 0) return found.rows == 0;
  return expected.rows == found.rows && expected.cols == found.cols && expected.dtype == found.dtype;
}

/// `[32, 64] f32`; `none` for a matrix without rows.
template <class AnyMatrix>
std::string describe_matrix(const AnyMatrix& matrix) {
  return matrix.rows == 0 ? std::string("none")
                          : concat('[', matrix.rows, ", ", matrix.cols, "] ", name(matrix.dtype));
}

/// The checksum of the rows of a matrix, one after the other, whichever order the bytes have in memory.
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
  const std::size_t index = state_->catalog.index(id);
  const auto expected = detail::parts_of(state_->catalog[index]);
  const auto found = detail::parts_of(weights);
  const auto fail_about = [&](std::size_t part, std::string_view right, std::string_view wrong) {
    detail::fail("ExpertChecksums", detail::describe(detail::expert_part_names[part], id),
                 detail::concat(right, ", as in ", state_->catalog.checkpoint().path()), wrong);
  };
  for (std::size_t part = 0; part < found.size(); ++part) {
    if (!detail::same_shape(*expected[part], found[part]))
      fail_about(part, detail::describe_matrix(*expected[part]), detail::describe_matrix(found[part]));
    if (found[part].rows == 0) continue;
    const std::uint32_t checksum = detail::checksum_of(found[part]), stated = state_->checksums[index][part];
    if (checksum != stated) fail_about(part, detail::concat("CRC-32C ", stated), detail::concat(checksum));
  }
}

}  // namespace moe::inline MOE_ABI
