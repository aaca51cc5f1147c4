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

/// Writes a matrix as kernels read it to `out`, location.bytes() of it. numbers: its stored numbers; scales: its stored scales,
/// empty if the encoding has none.
void decode_matrix(const MatrixLocation& location, std::span<const std::byte> numbers,
                   std::span<const std::byte> scales, std::byte* out);

/// Reads a matrix into `out`, location.bytes() of it, and returns a view of it. Throws if a file cannot be read.
Matrix read_matrix(const std::vector<File>& files, const MatrixLocation& location, std::byte* out);
inline Matrix read_matrix(const Checkpoint& checkpoint, const MatrixLocation& location, std::byte* out) {
  return read_matrix(checkpoint.files(), location, out);
}

/// Gives the bytes of a stored range of an expert, by its number in StoredRanges.
using RangeBytes = FunctionRef<std::span<const std::byte>(std::size_t)>;

/// Views of the stored bytes of an expert that is stored as kernels read it.
ExpertWeights view_expert(const ExpertLocation& location, const StoredRanges& ranges, RangeBytes bytes_of);

/// Writes all parts of an expert to `out`, one after the other, location.bytes() of it. Returns views of that memory.
ExpertWeights decode_expert(const ExpertLocation& location, const StoredRanges& ranges, RangeBytes bytes_of,
                            std::byte* out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "matrix_decoder.ipp"
#endif
