// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../simd/kernels.hpp"
#include "state_array.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// Stores the key and the value of one head at one position. key, value: [head_dim]. May run concurrently for other heads
/// and positions.
void store(const simd::Kernels& kernels, const KvRows& rows, std::size_t head, std::size_t position,
           const float* key, const float* value) noexcept;

/// Stores the row of a position. row: [row_size].
void store(const simd::Kernels& kernels, const LatentRows& rows, std::size_t position,
           const float* row) noexcept;

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "kv_rows.ipp"
#endif
