// SPDX-License-Identifier: MIT
#pragma once
#include "mixer_weights.hpp"
#include "../io/pages.hpp"

#include <cstddef>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Reads the projections of queries, keys and values, from one tensor each or from one tensor for all.
inline void read_projections(const WeightReader& reader, std::size_t layer, const AttentionSpec& spec,
                             AttentionWeights& out) {
  const std::size_t hidden = reader.spec().hidden_size;
  const std::size_t queries = spec.query_size() * (spec.output_gate ? 2 : 1), kv = spec.kv_size();
  if (!reader.has(Role::query, layer) && reader.has(Role::query_key_value, layer)) {
    const auto part = [&](std::size_t first, std::size_t rows) {
      return reader.rows_of(Role::query_key_value, layer, queries + 2 * kv, hidden, first, rows);
    };
    out.query = part(0, queries);
    out.key = part(queries, kv);
    out.value = part(queries + kv, kv);
    return;
  }
  out.query = reader.matrix(Role::query, layer, queries, hidden);
  out.key = reader.matrix(Role::key, layer, kv, hidden);
  if (!spec.value_is_key) out.value = reader.matrix(Role::value, layer, kv, hidden);
}

inline void read_input_biases(const WeightReader& reader, std::size_t layer, const AttentionSpec& spec,
                              AttentionWeights& out) {
  const std::size_t queries = spec.query_size(), kv = spec.kv_size();
  const bool optional = spec.bias_where_stored;
  if (!reader.has(Role::query_bias, layer) && reader.has(Role::query_key_value_bias, layer)) {
    const auto part = [&](std::size_t first, std::size_t size) {
      return reader.part_of(Role::query_key_value_bias, layer, queries + 2 * kv, first, size);
    };
    out.query_bias = part(0, queries);
    out.key_bias = part(queries, kv);
    out.value_bias = part(queries + kv, kv);
    return;
  }
  out.query_bias = reader.vector(Role::query_bias, layer, queries, optional);
  out.key_bias = reader.vector(Role::key_bias, layer, kv, optional);
  out.value_bias = reader.vector(Role::value_bias, layer, kv, optional);
}

inline AttentionWeights read(const WeightReader& reader, std::size_t layer, const AttentionSpec& spec) {
  AttentionWeights out;
  read_projections(reader, layer, spec, out);
  if (spec.input_bias) read_input_biases(reader, layer, spec, out);
  if (spec.output_bias)
    out.output_bias =
        reader.vector(Role::output_bias, layer, reader.spec().hidden_size, spec.bias_where_stored);
  out.output = reader.matrix(Role::output, layer, reader.spec().hidden_size, spec.query_size());
  if (spec.query_key_norm != AttentionSpec::Norm::none) {
    const bool whole = spec.query_key_norm == AttentionSpec::Norm::projection;
    out.query_norm = reader.norm_vector(Role::query_norm, layer, whole ? spec.query_size() : spec.head_dim);
    out.key_norm = reader.norm_vector(Role::key_norm, layer, whole ? spec.kv_size() : spec.head_dim);
  }
  if (spec.sinks) out.sinks = reader.vector(Role::sinks, layer, spec.heads);
  return out;
}

/// The rows of one part of a matrix whose rows are divided into groups: the rows [skip, skip + count) of the `all` rows of each
/// group.
inline std::vector<std::size_t> rows_of_groups(std::size_t groups, std::size_t all, std::size_t skip,
                                               std::size_t count) {
  std::vector<std::size_t> out;
  for (std::size_t group = 0; group < groups; ++group)
    for (std::size_t i = 0; i < count; ++i) out.push_back(group * all + skip + i);
  return out;
}

inline Matrix rows_of(Matrix from, std::size_t first, std::size_t count) {
  from.data += first * from.row_bytes();
  from.rows = count;
  return from;
}

/// key_up and value_up of each head, from one matrix [heads, nope + value, kv_rank].
inline void read_joined_products(const WeightReader& reader, std::size_t layer,
                                 const LatentAttentionSpec& spec, LatentAttentionWeights& out) {
  const std::size_t nope = spec.nope_dim, value = spec.value_dim, rank = spec.kv_rank;
  std::vector<Pages> memory;
  const Matrix both =
      reader.with_memory(memory).matrix(Role::key_value_up, layer, spec.heads * (nope + value), rank);
  // If the matrix is in memory and not mapped, a copy of the values alone takes less memory.
  const bool copied = !memory.empty();
  const Matrix values =
      copied ? reader.gather(both, rows_of_groups(spec.heads, nope + value, nope, value)) : Matrix();
  for (std::size_t head = 0; head < spec.heads; ++head) {
    const std::size_t first = head * (nope + value);
    out.key_up.push_back(reader.transposed(rows_of(both, first, nope)));
    out.value_up.push_back(copied ? rows_of(values, head * value, value)
                                  : rows_of(both, first + nope, value));
  }
}

/// Reads two matrices for each head: key_up [kv_rank, nope], which maps a query to the latent space, and value_up [value,
/// kv_rank], which maps a latent vector to values.
inline void read_latent_products(const WeightReader& reader, std::size_t layer,
                                 const LatentAttentionSpec& spec, LatentAttentionWeights& out) {
  const std::size_t value = spec.value_dim, rank = spec.kv_rank;
  if (reader.has(Role::key_value_up, layer)) return read_joined_products(reader, layer, spec, out);
  const Matrix keys = reader.stack(Role::key_up, layer, spec.heads, rank, spec.nope_dim);
  const Matrix values = reader.stack(Role::value_up, layer, spec.heads, value, rank);
  for (std::size_t head = 0; head < spec.heads; ++head) {
    out.key_up.push_back(rows_of(keys, head * rank, rank));
    out.value_up.push_back(rows_of(values, head * value, value));
  }
}

inline LatentAttentionWeights read(const WeightReader& reader, std::size_t layer,
                                   const LatentAttentionSpec& spec) {
  const std::size_t hidden = reader.spec().hidden_size;
  LatentAttentionWeights out;
  if (spec.query_rank == 0) {
    out.query = reader.matrix(Role::query, layer, spec.query_size(), hidden);
  } else {
    out.query_down = reader.matrix(Role::query_down, layer, spec.query_rank, hidden);
    out.query_down_norm = reader.vector(Role::query_down_norm, layer, spec.query_rank);
    out.query_up = reader.matrix(Role::query_up, layer, spec.query_size(), spec.query_rank);
  }
  out.latent_down = reader.matrix(Role::latent_down, layer, spec.row_size(), hidden);
  out.latent_norm = reader.vector(Role::latent_norm, layer, spec.kv_rank);
  read_latent_products(reader, layer, spec, out);
  out.output = reader.matrix(Role::output, layer, hidden, spec.heads * spec.value_dim);
  return out;
}

inline void append(std::vector<std::size_t>& to, const std::vector<std::size_t>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

inline void read_delta_projections(const WeightReader& reader, std::size_t layer, const DeltaNetSpec& spec,
                                   DeltaNetWeights& out) {
  const std::size_t hidden = reader.spec().hidden_size;
  if (!reader.has(Role::delta_qkv_gate, layer)) {
    out.qkv = reader.matrix(Role::delta_qkv, layer, spec.channels(), hidden);
    out.gate = reader.matrix(Role::delta_gate, layer, spec.value_size(), hidden);
    return;
  }
  const std::size_t keys = spec.key_dim, values = spec.value_size() / spec.key_heads;  // rows per key head
  const std::size_t group = 2 * keys + 2 * values;
  std::vector<Pages> memory;
  const Matrix all =
      reader.with_memory(memory).matrix(Role::delta_qkv_gate, layer, spec.key_heads * group, hidden);
  std::vector<std::size_t> rows = rows_of_groups(spec.key_heads, group, 0, keys);
  append(rows, rows_of_groups(spec.key_heads, group, keys, keys));
  append(rows, rows_of_groups(spec.key_heads, group, 2 * keys, values));
  out.qkv = reader.gather(all, rows);
  out.gate = reader.gather(all, rows_of_groups(spec.key_heads, group, 2 * keys + values, values));
}

inline DeltaNetWeights read(const WeightReader& reader, std::size_t layer, const DeltaNetSpec& spec) {
  const std::size_t hidden = reader.spec().hidden_size, heads = spec.value_heads;
  DeltaNetWeights out;
  read_delta_projections(reader, layer, spec, out);
  if (reader.has(Role::delta_beta_decay, layer)) {
    const std::size_t values = heads / spec.key_heads;
    std::vector<Pages> memory;
    const Matrix both = reader.with_memory(memory).matrix(Role::delta_beta_decay, layer, 2 * heads, hidden);
    out.beta = reader.gather(both, rows_of_groups(spec.key_heads, 2 * values, 0, values));
    out.decay = reader.gather(both, rows_of_groups(spec.key_heads, 2 * values, values, values));
  } else {
    out.beta = reader.matrix(Role::delta_beta, layer, heads, hidden);
    out.decay = reader.matrix(Role::delta_decay, layer, heads, hidden);
  }
  out.taps = reader.taps(layer, spec.kernel, spec.channels());
  out.step_bias = reader.vector(Role::step_bias, layer, heads);
  out.negative_decay = reader.negative_decay(layer, heads, spec.decay_is_log);
  out.norm = reader.vector(Role::recurrent_norm, layer, spec.value_dim);
  out.output = reader.matrix(Role::recurrent_output, layer, hidden, spec.value_size());
  return out;
}

inline Mamba2Weights read(const WeightReader& reader, std::size_t layer, const Mamba2Spec& spec) {
  const std::size_t hidden = reader.spec().hidden_size;
  const std::size_t rows = spec.inner_size() + spec.channels() + spec.heads;
  Mamba2Weights out;
  out.input = reader.matrix(Role::recurrent_input, layer, rows, hidden);
  out.taps = reader.taps(layer, spec.kernel, spec.channels());
  if (spec.convolution_bias)
    out.convolution_bias = reader.vector(Role::convolution_bias, layer, spec.channels());
  out.step_bias = reader.vector(Role::step_bias, layer, spec.heads);
  out.negative_decay = reader.negative_decay(layer, spec.heads, spec.decay_is_log);
  out.skip = reader.vector(Role::skip, layer, spec.heads);
  // GGUF files store this norm as [groups, inner / groups].
  out.norm = reader.flat_vector(Role::recurrent_norm, layer, spec.inner_size());
  out.output = reader.matrix(Role::recurrent_output, layer, hidden, spec.inner_size());
  if (spec.projection_bias) {
    out.input_bias = reader.vector(Role::recurrent_input_bias, layer, rows);
    out.output_bias = reader.vector(Role::recurrent_output_bias, layer, hidden);
  }
  return out;
}

inline ShortConvolutionWeights read(const WeightReader& reader, std::size_t layer,
                                    const ShortConvolutionSpec& spec) {
  const std::size_t hidden = reader.spec().hidden_size;
  ShortConvolutionWeights out;
  out.input = reader.matrix(Role::recurrent_input, layer, 3 * hidden, hidden);
  out.taps = reader.taps(layer, spec.kernel, hidden);
  out.output = reader.matrix(Role::recurrent_output, layer, hidden, hidden);
  if (spec.bias) {
    out.input_bias = reader.vector(Role::recurrent_input_bias, layer, 3 * hidden);
    out.convolution_bias = reader.vector(Role::convolution_bias, layer, hidden);
    out.output_bias = reader.vector(Role::recurrent_output_bias, layer, hidden);
  }
  return out;
}

inline std::monostate read(const WeightReader&, std::size_t, const NoMixer&) { return {}; }

MOE_INLINE MixerWeights read_mixer(const WeightReader& reader, std::size_t layer, const MixerSpec& spec) {
  return std::visit([&](const auto& mixer) -> MixerWeights { return read(reader, layer, mixer); }, spec);
}

}  // namespace moe::inline MOE_ABI::detail
