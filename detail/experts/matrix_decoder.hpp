// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../io/checkpoint.hpp"
#include "../io/file.hpp"
#include "expert_location.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Writes a matrix, in the form that kernels read, to the location.bytes() bytes at `out`. numbers, scales: the stored numbers
/// and scales of the matrix; `scales` is empty if the encoding has no scales.
void decode_matrix(const MatrixLocation& location, std::span<const std::byte> numbers,
                   std::span<const std::byte> scales, std::byte* out);

/// Reads a matrix into the location.bytes() bytes at `out`, and returns a view of the matrix. Throws if a file cannot be read.
Matrix read_matrix(const std::vector<File>& files, const MatrixLocation& location, std::byte* out);
inline Matrix read_matrix(const Checkpoint& checkpoint, const MatrixLocation& location, std::byte* out) {
  return read_matrix(checkpoint.files(), location, out);
}

/// Returns the bytes of a stored range of an expert, given the index of the range in StoredRanges.
using RangeBytes = FunctionRef<std::span<const std::byte>(std::size_t)>;

/// Views of the stored bytes of an expert that is stored as kernels read it.
ExpertWeights view_expert(const ExpertLocation& location, const StoredRanges& ranges, RangeBytes bytes_of);

/// Writes all parts of an expert, one after the other, in the form that kernels read, to the location.bytes() bytes at `out`.
/// Returns views of these bytes.
ExpertWeights decode_expert(const ExpertLocation& location, const StoredRanges& ranges, RangeBytes bytes_of,
                            std::byte* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "matrix_decoder.ipp"
#endif
