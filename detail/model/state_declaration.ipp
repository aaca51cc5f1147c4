// SPDX-License-Identifier: MIT
#pragma once
#include "state_declaration.hpp"
#include "../core/checked.hpp"
#include "../simd/kernel_table.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline std::size_t state_size(std::initializer_list<std::uint64_t> factors) {
  return checked_size("sequence", "state", factors);
}

/// The smallest multiple of `unit` that is not below `positions`.
inline std::size_t rounded_positions(std::size_t positions, std::size_t unit) {
  return state_size({positions / unit + (positions % unit != 0), unit});
}

/// The number of positions of a ring: `window` and `chunk` (the tokens of the longest step), each rounded up to a multiple of
/// kv_block, plus one block, because the window and the step may begin inside a block.
inline std::size_t ring_capacity(std::size_t window, std::size_t chunk) {
  return rounded_positions(window, simd::kv_block) + rounded_positions(chunk, simd::kv_block) +
         simd::kv_block;
}

inline std::vector<StateArray> declare(const AttentionSpec& spec, std::size_t, const StateOptions& options) {
  const std::size_t all = rounded_positions(options.context, simd::kv_block);
  StateArray values{.planes = spec.kv_heads,
                    .granule_bytes = state_size({spec.head_dim, bytes_of(options.kv_type, 32)}) / 32,
                    .capacity = all};
  if (spec.window != 0 && spec.window < all && ring_capacity(spec.window, options.chunk) < all) {
    values.kind = StateArray::Kind::ring;
    values.capacity = ring_capacity(spec.window, options.chunk);
    values.window = spec.window;
  }
  StateArray keys = values;
  if (options.kv_type != DType::q8_0) {
    keys.granule_positions = simd::key_lanes;
    keys.granule_bytes *= simd::key_lanes;
  }
  (void)state_size({2, values.planes, values.capacity, values.granule_bytes});
  return {keys, values};
}

inline std::vector<StateArray> declare(const LatentAttentionSpec& spec, std::size_t,
                                       const StateOptions& options) {
  StateArray rows{.granule_bytes = spec.row_size() * bytes_of(latent_type(options.kv_type), 1),
                  .capacity = rounded_positions(options.context, simd::kv_block)};
  (void)state_size({rows.capacity, rows.granule_bytes});
  return {rows};
}

inline StateArray fixed_array(std::initializer_list<std::uint64_t> factors) {
  const std::size_t numbers = state_size(factors);
  return {.kind = StateArray::Kind::fixed, .granule_bytes = state_size({numbers, sizeof(float), 2}) / 2};
}

inline std::vector<StateArray> declare(const DeltaNetSpec& spec, std::size_t, const StateOptions&) {
  return {fixed_array({spec.kernel - 1, spec.channels()}),
          fixed_array({spec.value_heads, spec.key_dim, spec.value_dim})};
}

inline std::vector<StateArray> declare(const Mamba2Spec& spec, std::size_t, const StateOptions&) {
  return {fixed_array({spec.kernel - 1, spec.channels()}),
          fixed_array({spec.heads, spec.state, spec.head_dim})};
}

inline std::vector<StateArray> declare(const ShortConvolutionSpec& spec, std::size_t hidden,
                                       const StateOptions&) {
  return {fixed_array({spec.kernel - 1, hidden})};
}

inline std::vector<StateArray> declare(const NoMixer&, std::size_t, const StateOptions&) { return {}; }

MOE_INLINE std::vector<StateArray> declare_state(const MixerSpec& mixer, std::size_t hidden_size,
                                                 const StateOptions& options) {
  return std::visit([&](const auto& spec) { return declare(spec, hidden_size, options); }, mixer);
}

}  // namespace moe::inline MOE_ABI::detail
