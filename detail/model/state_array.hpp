// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// One array of the state of a mixer in a sequence.
///   rows    one row per position, append only: keys, values, latents
///   ring    the rows of the last `capacity` positions: position p lies at p mod capacity
///   fixed   a block of numbers that each step overwrites: states of recurrent mixers
struct StateArray {
  enum class Kind { rows, ring, fixed };

  Kind kind = Kind::rows;
  std::size_t planes = 1;             // one plane per head, with the rows of all positions
  std::size_t granule_positions = 1;  // positions whose rows are interleaved, and so stored together
  std::size_t granule_bytes = 0;      // of the rows of one granule; of a fixed array: all bytes
  std::size_t capacity = 0;           // positions that fit, a multiple of granule_positions; fixed: unused
  std::size_t window = 0;             // of a ring: positions that the next token needs, its own included

  std::size_t plane_bytes() const {
    return kind == Kind::fixed ? granule_bytes : capacity / granule_positions * granule_bytes;
  }
  /// A fixed array exists twice: the next state is made beside the current one.
  std::size_t bytes() const { return planes * plane_bytes() * (kind == Kind::fixed ? 2 : 1); }
};

/// The type of latents in a KV cache of this type: f16 in place of q8_0, which is for keys and values of heads only.
constexpr DType latent_type(DType kv_type) { return kv_type == DType::q8_0 ? DType::f16 : kv_type; }

/// Keys and values of one layer, as views. See simd::AttentionArgs for the layouts.
struct KvRows {
  DType type = DType::f32;
  std::size_t heads = 0, head_dim = 0;
  std::size_t ring = 0;  // the number of positions that fit; 0: all positions are kept
  std::size_t plane_bytes = 0;
  std::byte* keys = nullptr;    // [heads, positions, head_dim]; f16 and f32: key_lanes positions interleaved
  std::byte* values = nullptr;  // [heads, positions, head_dim]

  std::size_t slot(std::size_t position) const { return ring == 0 ? position : position % ring; }
};

/// The rows of latent attention, as a view: [positions, row_size].
struct LatentRows {
  DType type = DType::f32;
  std::size_t row_size = 0;
  std::byte* rows = nullptr;
};

/// A fixed array, as a view of its two copies.
struct FixedState {
  const float* current = nullptr;
  float* next = nullptr;
};

}  // namespace moe::inline MOE_ABI::detail
