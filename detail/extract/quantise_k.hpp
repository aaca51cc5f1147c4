// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

// Encoders of ggml's k-quants, blocks of 256 numbers. For each part of a block several scales (and offsets) are tried:
//   1. Divide the numbers by the tried scale and round them to whole numbers q.
//   2. For these q, the scale with the least squared error has a closed form (linear least squares).
// The scales with the least error are rounded to their stored form, and the numbers are rounded again with the stored scales.

/// Encodes 256 numbers as q6_k: 16 parts of 16 numbers, scale · q with -32 <= q <= 31. `block`: 210 bytes.
void quantise_q6_k(std::span<const float> x, std::byte* block);

/// Encodes 256 numbers as q4_k: 8 parts of 32 numbers, scale · q − offset with 0 <= q <= 15, neither scale nor offset
/// negative. `block`: 144 bytes.
void quantise_q4_k(std::span<const float> x, std::byte* block);

/// Encodes 256 numbers as q2_k: 16 parts of 16 numbers, scale · q − offset with 0 <= q <= 3, neither scale nor offset
/// negative. `block`: 84 bytes. Source of the format: block_q2_K and dequantize_row_q2_K of ggml.
void quantise_q2_k(std::span<const float> x, std::byte* block);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "quantise_k.ipp"
#endif
