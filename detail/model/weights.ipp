// SPDX-License-Identifier: MIT
#pragma once
#include "weights.hpp"
#include "../core/panels.hpp"
#include "../spec/model_source.hpp"
#include "mixer_weights.hpp"
#include "weight_reader.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The roles of the matrices of a network that processes every token: the network of a dense layer, or one beside experts.
struct NetworkRoles {
  Role gate, up, down, gate_up;
};

inline ExpertWeights read_network(const WeightReader& reader, std::size_t layer, const NetworkSpec& spec,
                                  const NetworkRoles& roles) {
  const std::size_t hidden = reader.spec().hidden_size;
  ExpertWeights out;
  out.down = reader.matrix(roles.down, layer, hidden, spec.width);
  if (reader.has(roles.gate_up, layer)) {
    out.gate = reader.rows_of(roles.gate_up, layer, 2 * spec.width, hidden, 0, spec.width);
    out.up = reader.rows_of(roles.gate_up, layer, 2 * spec.width, hidden, spec.width, spec.width);
    return out;
  }
  if (spec.gated()) out.gate = reader.matrix(roles.gate, layer, spec.width, hidden);
  out.up = reader.matrix(roles.up, layer, spec.width, hidden);
  return out;
}

inline RouterWeights read_router(const WeightReader& reader, std::size_t layer, const RouterSpec& spec) {
  const std::size_t hidden = reader.spec().hidden_size;
  RouterWeights out;
  out.matrix = reader.matrix(Role::router, layer, spec.experts, hidden);
  if (spec.bias) out.bias = reader.vector(Role::router_bias, layer, spec.experts);
  if (spec.selection_bias) out.selection_bias = reader.vector(Role::selection_bias, layer, spec.experts);
  if (spec.per_expert_scale) out.expert_scale = reader.vector(Role::expert_scale, layer, spec.experts);
  if (spec.own_norm) {
    out.input_norm = {reader.vector(Role::router_scale, layer, hidden), {}, reader.spec().norm_epsilon};
    for (float& scale : out.input_norm.weight) scale /= std::sqrt(static_cast<float>(hidden));
  }
  return out;
}

inline FeedForwardWeights read_feed_forward(const WeightReader& reader, std::size_t layer,
                                            const FeedForwardSpec& spec, bool has_mixer) {
  constexpr NetworkRoles dense{Role::dense_gate, Role::dense_up, Role::dense_down, Role::dense_gate_up};
  constexpr NetworkRoles shared{Role::shared_gate, Role::shared_up, Role::shared_down, Role::shared_gate_up};
  FeedForwardWeights out;
  // A block without a mixer has one norm, under the names of the norm of a mixer.
  out.norm = has_mixer ? reader.norm(Role::ffn_norm, Role::ffn_norm_bias, layer)
                       : reader.norm(Role::mixer_norm, Role::mixer_norm_bias, layer);
  if (!spec.router) {
    out.dense = read_network(reader, layer, spec.network, dense);
    return out;
  }
  out.router = read_router(reader, layer, *spec.router);
  if (spec.latent_size > 0) {
    const std::size_t hidden = reader.spec().hidden_size;
    out.latent_in = reader.matrix(Role::latent_in, layer, spec.latent_size, hidden);
    out.latent_out = reader.matrix(Role::latent_out, layer, hidden, spec.latent_size);
  }
  if (!spec.always_on) return out;
  const AlwaysOnSpec& always_on = *spec.always_on;
  out.always_on = read_network(reader, layer, always_on.network, always_on.own_norms ? dense : shared);
  if (always_on.gate)
    out.always_on_gate = reader.vector(Role::shared_weight, layer, reader.spec().hidden_size);
  if (always_on.own_norms) {
    out.always_on_post_norm = reader.rms_norm(Role::post_always_on_norm, layer);
    out.experts_norm = reader.rms_norm(Role::experts_norm, layer);
    out.experts_post_norm = reader.rms_norm(Role::post_experts_norm, layer);
  }
  return out;
}

inline LayerWeights read_layer(const WeightReader& reader, std::size_t layer) {
  const LayerSpec& spec = reader.spec().layers[layer];
  const bool has_mixer = !std::holds_alternative<NoMixer>(spec.mixer);
  LayerWeights out;
  out.mixer = read_mixer(reader, layer, spec.mixer);
  if (has_mixer) out.mixer_norm = reader.norm(Role::mixer_norm, Role::mixer_norm_bias, layer);
  if (spec.feed_forward) out.feed_forward = read_feed_forward(reader, layer, *spec.feed_forward, has_mixer);
  if (spec.post_norms) {
    out.mixer_post_norm = reader.rms_norm(Role::post_mixer_norm, layer);
    out.feed_forward_post_norm = reader.rms_norm(Role::post_ffn_norm, layer);
  }
  if (spec.scaled) {
    const std::vector<float> scale = reader.vector(Role::layer_scale, layer, 1, true);
    if (!scale.empty()) out.scale = scale[0];
  }
  return out;
}

MOE_INLINE ModelWeights::ModelWeights(const Checkpoint& checkpoint, const ModelSpec& spec,
                                      WeightStorage storage, FunctionRef<void(std::uint64_t)> progress) {
  const ModelSource source(checkpoint);
  const WeightReader reader(source, spec, storage, memory, progress);
  embedding = reader.embedding();
  head = reader.head(embedding);
  if (spec.head_bias) head_bias = reader.vector(Role::head_bias, 0, spec.vocabulary_size);
  norm = reader.norm(Role::final_norm, Role::final_norm_bias, 0);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer)
    layers.push_back(read_layer(reader, layer));
  if (storage == WeightStorage::owned) to_panels();
}

inline std::size_t address_of(const std::byte* at) { return reinterpret_cast<std::uintptr_t>(at); }

MOE_INLINE void ModelWeights::to_panels() {
  const auto pack = [&](Matrix& matrix) {
    if (!fits_panels(matrix)) return;
    for (const Pages& pages : memory) {
      // If the pages begin behind the matrix, the difference wraps around and is larger than the pages.
      const std::size_t at = address_of(matrix.data) - address_of(pages.data());
      if (at >= pages.bytes()) continue;
      matrix = to_panels_in_place(matrix, pages.data() + at);
      return;
    }
  };
  const bool is_embedding = head.data == embedding.matrix().data;
  pack(head);
  if (is_embedding) embedding = Embedding(head);
  for (LayerWeights& layer : layers)
    for (Matrix* matrix : matrices_of(layer)) pack(*matrix);
}

MOE_INLINE std::size_t ModelWeights::bytes() const {
  std::size_t sum = head.bytes();
  for (const LayerWeights& layer : layers)
    for (const Matrix* matrix : matrices_of(layer)) sum += matrix->bytes();
  return sum;
}

}  // namespace moe::inline MOE_ABI::detail
