// SPDX-License-Identifier: MIT
#pragma once
#include "mixer_reader.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "rope_reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The width of the part of a head without positions. GGUF files state the width of a whole head of keys.
MOE_INLINE std::size_t nope_dim_of(const SpecReader& reader, std::size_t rope_dim) {
  if (!reader.is_gguf()) return reader.size(keys::nope_dim, reader.family().latent->nope_dim, {.least = 1});
  const std::size_t whole = reader.required_size(keys::latent_key_dim, 0);
  if (whole <= rope_dim)
    reader.fail_at(keys::latent_key_dim, concat("more than the ", rope_dim, " rotated numbers"),
                   concat(whole));
  return whole - rope_dim;
}

/// The rank of the low-rank projection of queries. 0 if one full matrix projects the queries: then config.json states null, and
/// a GGUF file has the tensor of this matrix.
MOE_INLINE std::size_t query_rank_of(const SpecReader& reader) {
  if (!reader.is_gguf())
    return reader.is_null(keys::query_rank)
               ? 0
               : reader.size(keys::query_rank, reader.family().latent->query_rank);
  if (reader.names().find(Role::query, 0)) return 0;
  return reader.required_size(keys::query_rank, 0, {.least = 1});
}

MOE_INLINE LatentAttentionSpec read_latent_attention(const SpecReader& reader, std::size_t max_positions,
                                                     float norm_epsilon) {
  const LatentDefaults& defaults = *reader.family().latent;
  LatentAttentionSpec out;
  out.heads = reader.required_size(keys::heads, reader.defaults().heads, {.least = 1});
  out.query_rank = query_rank_of(reader);
  out.kv_rank = reader.required_size(keys::kv_rank, defaults.kv_rank, {.least = 1});
  out.rope_dim = reader.required_size(keys::rope_dim, defaults.rope_dim, reader.width_range(2));
  out.nope_dim = nope_dim_of(reader, out.rope_dim);
  out.value_dim = reader.required_size(keys::latent_value_dim, defaults.value_dim, {.least = 1});
  // transformers does not pass the epsilon of the model to these norms.
  out.norm_epsilon = reader.is_gguf() ? norm_epsilon : 1e-6f;
  RopeParameters rope = read_rope(reader, false, max_positions);
  rope.size = 0;
  out.rope = make_rope(reader, rope, out.rope_dim);
  const auto width = static_cast<double>(out.nope_dim + out.rope_dim);
  out.scale = static_cast<float>(rope.score_factor / std::sqrt(width));
  return out;
}

MOE_INLINE DeltaNetSpec read_delta_net(const SpecReader& reader) {
  const RecurrentDefaults& defaults = *reader.family().recurrent_defaults;
  DeltaNetSpec out;
  out.key_heads = reader.required_size(keys::delta_key_heads, defaults.key_heads, {.least = 1});
  out.value_heads = reader.required_size(keys::delta_value_heads, defaults.value_heads, {.least = 1});
  if (out.value_heads % out.key_heads != 0)
    reader.fail_at(keys::delta_value_heads, concat("a multiple of ", out.key_heads), concat(out.value_heads));
  out.key_dim = reader.required_size(keys::delta_key_dim, defaults.key_dim, {.least = 1});
  out.value_dim = reader.required_size(keys::delta_value_dim, defaults.value_dim, {.least = 1});
  out.kernel = reader.required_size(keys::delta_kernel, defaults.kernel, {.least = 1, .most = most_taps});
  if (out.value_size() > SizeRange{}.most)
    reader.fail_at(keys::delta_value_dim, concat("at most ", SizeRange{}.most, " numbers in all heads"),
                   concat(out.value_size()));
  if (reader.is_gguf())
    if (const std::size_t inner = reader.required_size(keys::inner_size, 0); inner != out.value_size())
      reader.fail_at(keys::inner_size, concat(out.value_size(), ", the width of all heads of values"),
                     concat(inner));
  (void)reader.one_of(keys::delta_gate_kind, {"silu", "swish"});
  out.tiled_heads = reader.is_gguf() && reader.family().tiled_in_gguf && out.key_heads != out.value_heads;
  out.decay_is_log = !reader.is_gguf();
  return out;
}

/// Reads the heads of Mamba-2. Granite states the width of all heads together as a multiple of the hidden size.
MOE_INLINE void read_mamba_heads(const SpecReader& reader, std::size_t hidden_size, Mamba2Spec& out) {
  const RecurrentDefaults& defaults = *reader.family().recurrent_defaults;
  out.heads = reader.required_size(keys::mamba_heads, defaults.heads, {.least = 1});
  if (reader.is_gguf()) {
    const std::size_t all = reader.required_size(keys::inner_size, 0, {.least = 1});
    if (all % out.heads != 0)
      reader.fail_at(keys::inner_size, concat("a multiple of ", out.heads, ", the number of heads"),
                     concat(all));
    out.head_dim = all / out.heads;
    return;
  }
  const bool expands = defaults.head_dim == 0;
  const std::size_t all =
      expands ? hidden_size * reader.size(keys::mamba_expansion, 2, {.least = 1, .most = 1024}) : 0;
  const bool automatic =
      expands && (reader.is_text(keys::mamba_head_dim) || !reader.has(keys::mamba_head_dim));
  if (automatic) (void)reader.one_of(keys::mamba_head_dim, {"auto"});
  if (automatic && all % out.heads != 0)
    reader.fail_at(keys::mamba_heads, concat("a divisor of ", all, ", the numbers in all heads"),
                   concat(out.heads));
  out.head_dim =
      automatic ? all / out.heads : reader.size(keys::mamba_head_dim, defaults.head_dim, {.least = 1});
  if (expands && out.inner_size() != all)
    reader.fail_at(keys::mamba_head_dim, concat(all, " numbers in all heads"), concat(out.inner_size()));
}

/// Reads the limits of the time step: [least, largest]. The largest may be infinite. Both are compared as f32, since a largest
/// limit that rounds to 0 would mean no limits.
MOE_INLINE void read_step_limits(const SpecReader& reader, Mamba2Spec& out) {
  const std::vector<double> limits = reader.numbers(keys::step_limits);
  if (limits.empty()) return;
  constexpr double most = 1e30;  // no step comes near this number, so a larger limit has no effect
  const auto is_wrong = [&] {
    if (limits.size() != 2 || !(limits[0] >= 0) || !(limits[0] < most)) return true;
    return !(static_cast<float>(std::min(limits[1], most)) > static_cast<float>(limits[0]));
  };
  if (is_wrong()) {
    std::vector<std::string> found;
    for (const double limit : limits) found.push_back(to_decimal(limit));
    reader.fail_at(keys::step_limits, "two f32 numbers: a limit from 0 to 1e30, and a larger limit",
                   concat_list(found));
  }
  out.least_step = static_cast<float>(limits[0]);
  const bool unlimited = limits[1] >= most;
  if (unlimited && limits[0] == 0) return;
  out.largest_step = unlimited ? std::numeric_limits<float>::max() : static_cast<float>(limits[1]);
}

MOE_INLINE Mamba2Spec read_mamba(const SpecReader& reader, std::size_t layer, std::size_t hidden_size) {
  const RecurrentDefaults& defaults = *reader.family().recurrent_defaults;
  Mamba2Spec out;
  read_mamba_heads(reader, hidden_size, out);
  out.groups = reader.required_size(keys::mamba_groups, defaults.groups, {.least = 1, .most = out.heads});
  if (out.heads % out.groups != 0)
    reader.fail_at(keys::mamba_groups, concat("a divisor of ", out.heads), concat(out.groups));
  out.state = reader.required_size(keys::mamba_state, defaults.state, {.least = 1});
  out.kernel = reader.required_size(keys::mamba_kernel, defaults.kernel, {.least = 1, .most = most_taps});
  (void)reader.one_of(keys::mamba_activation, {"silu", "swish"});
  if (reader.is_gguf()) {
    out.convolution_bias = reader.names().find(Role::convolution_bias, layer) != nullptr;
    out.projection_bias = reader.names().find(Role::recurrent_input_bias, layer) != nullptr;
  } else {
    out.convolution_bias = reader.flag(keys::mamba_convolution_bias, true);
    out.projection_bias =
        reader.flag(keys::mamba_projection_bias, false) || reader.flag(keys::mamba_bias, false);
    read_step_limits(reader, out);
  }
  out.grouped_norm = out.groups > 1 && (reader.is_gguf() || reader.family().grouped_norm);
  out.decay_is_log = !reader.is_gguf();
  return out;
}

MOE_INLINE ShortConvolutionSpec read_short_convolution(const SpecReader& reader, std::size_t layer) {
  ShortConvolutionSpec out;
  out.kernel = reader.required_size(keys::convolution_kernel, reader.family().recurrent_defaults->kernel,
                                    {.least = 1, .most = most_taps});
  out.bias = reader.is_gguf() ? reader.names().find(Role::convolution_bias, layer) != nullptr
                              : reader.flag(keys::convolution_bias, false);
  return out;
}

MOE_INLINE MixerSpec read_recurrent(const SpecReader& reader, std::size_t layer, std::size_t hidden_size) {
  using enum Family::Recurrent;
  switch (reader.family().recurrent) {
    case delta_net: return read_delta_net(reader);
    case mamba2: return read_mamba(reader, layer, hidden_size);
    case short_convolution: return read_short_convolution(reader, layer);
    case none: break;
  }
  return NoMixer();
}

}  // namespace moe::inline MOE_ABI::detail
