// SPDX-License-Identifier: MIT
// The metadata of a GGUF file with a model of a shape.
#pragma once
#include <moe.hpp>

#include "detail/extract/gguf_writer.hpp"
#include "shape.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

/// Writes values under keys that begin with the name of the architecture.
class Metadata {
 public:
  Metadata(moe::detail::GgufWriter& file, const Shape& shape)
      : file_(file), prefix_(std::string(shape.architecture) + '.') {}

  template <class Value>
  void set(const std::string& key, const Value& value) {
    file_.set(prefix_ + key, value);
  }
  void set(const std::string& key, const std::vector<std::uint32_t>& values) {
    file_.set(prefix_ + key, std::span(values));
  }

 private:
  moe::detail::GgufWriter& file_;
  std::string prefix_;
};

/// number(layer) for all layers.
template <class Number>
std::vector<std::uint32_t> of_layers(const Shape& shape, Number number) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t layer = 0; layer < shape.layers; ++layer) out.push_back(number(layer));
  return out;
}

inline void describe_positions(Metadata& to, const AttentionShape& attention) {
  to.set("rope.freq_base", attention.theta);
  if (attention.rotated > 0) to.set("rope.dimension_count", attention.rotated);
  if (attention.sections[0] > 0)
    to.set("rope.dimension_sections",
           std::vector<std::uint32_t>(attention.sections.begin(), attention.sections.end()));
  if (attention.yarn_factor == 0) return;
  to.set("rope.scaling.type", "yarn");
  to.set("rope.scaling.factor", attention.yarn_factor);
  to.set("rope.scaling.original_context_length", attention.yarn_positions);
}

/// The window, and the sizes of its heads if layers without a window have other sizes.
inline void describe_window(Metadata& to, const Shape& shape) {
  const WindowShape& window = shape.window;
  to.set("attention.sliding_window", window.size);
  if (window.head_dim == 0) return;
  to.set("attention.key_length_swa", window.head_dim);
  to.set("attention.value_length_swa", window.head_dim);
  to.set("rope.freq_base_swa", window.theta);
  to.set("rope.dimension_count_swa", window.head_dim);
  const auto slides = std::make_unique<bool[]>(shape.layers);
  for (std::uint32_t layer = 0; layer < shape.layers; ++layer)
    slides[layer] = shape.mixer(layer) == Mixer::window;
  to.set("attention.sliding_window_pattern", std::span<const bool>(slides.get(), shape.layers));
}

inline void describe_attention(Metadata& to, const Shape& shape) {
  const AttentionShape& attention = shape.attention;
  to.set("attention.head_count", attention.heads);
  // Layers with a delta net are recognised by their interval, layers with another recurrent mixer by the absence of keys.
  const bool by_layer = shape.mamba.heads > 0 || shape.convolution_kernel > 0 || shape.window.kv_heads > 0;
  if (by_layer) {
    to.set("attention.head_count_kv",
           of_layers(shape, [&](std::uint32_t layer) { return shape.kv_heads(layer); }));
  } else {
    to.set("attention.head_count_kv", attention.kv_heads);
  }
  to.set("attention.key_length", attention.head_dim);
  to.set("attention.value_length", attention.head_dim);
  describe_positions(to, attention);
  if (shape.window.size > 0) describe_window(to, shape);
}

/// Describes latent attention as attention with one head of keys: the latent vector.
inline void describe_latent_attention(Metadata& to, const LatentShape& latent) {
  to.set("attention.head_count", latent.heads);
  to.set("attention.head_count_kv", 1u);
  to.set("attention.q_lora_rank", latent.query_rank);
  to.set("attention.kv_lora_rank", latent.kv_rank);
  to.set("attention.key_length", latent.kv_rank + latent.rope_dim);
  to.set("attention.value_length", latent.kv_rank);
  to.set("attention.key_length_mla", latent.nope_dim + latent.rope_dim);
  to.set("attention.value_length_mla", latent.value_dim);
  to.set("rope.dimension_count", latent.rope_dim);
  to.set("rope.freq_base", latent.theta);
}

struct RecurrentSizes {
  std::uint32_t kernel, state, groups, heads, inner_size;
};

inline void describe_recurrence(Metadata& to, const RecurrentSizes& sizes) {
  to.set("ssm.conv_kernel", sizes.kernel);
  to.set("ssm.state_size", sizes.state);
  to.set("ssm.group_count", sizes.groups);
  to.set("ssm.time_step_rank", sizes.heads);
  to.set("ssm.inner_size", sizes.inner_size);
}

inline void describe_mixers(Metadata& to, const Shape& shape) {
  const DeltaNetShape& net = shape.delta_net;
  const MambaShape& mamba = shape.mamba;
  if (shape.attention.heads > 0) describe_attention(to, shape);
  if (shape.latent.heads > 0) describe_latent_attention(to, shape.latent);
  if (net.value_heads > 0) {
    describe_recurrence(to, {net.kernel, net.head_dim, net.key_heads, net.value_heads, net.value_size()});
    to.set("full_attention_interval", net.interval);
  }
  if (mamba.heads > 0)
    describe_recurrence(to, {mamba.kernel, mamba.state, mamba.groups, mamba.heads, mamba.inner_size()});
  if (shape.convolution_kernel > 0) to.set("shortconv.l_cache", shape.convolution_kernel);
}

/// If the shared network is as wide as `count` experts, readers compute its width, and the metadata has no key for it.
inline void describe_shared_network(Metadata& to, const Shape& shape) {
  const SharedShape& shared = shape.shared;
  if (shared.width != shared.count * shape.experts.width)
    to.set("expert_shared_feed_forward_length", shared.width);
  if (shared.count > 0) to.set("expert_shared_count", shared.count);
}

/// per_token: the number of experts of a token, in place of the number in `shape`.
inline void describe_networks(Metadata& to, const Shape& shape, std::uint32_t per_token) {
  if (shape.blocks)
    to.set("feed_forward_length", of_layers(shape, [&](std::uint32_t layer) {
             return shape.has_experts(layer) ? shape.experts.width : 0;
           }));
  if (!shape.blocks && shape.dense_width > 0) to.set("feed_forward_length", shape.dense_width);
  if (shape.leading_dense > 0) to.set("leading_dense_block_count", shape.leading_dense);
  to.set("expert_count", shape.experts.count);
  to.set("expert_used_count", per_token);
  to.set("expert_feed_forward_length", shape.experts.width);
  if (shape.shared.width > 0) describe_shared_network(to, shape);
  if (shape.router.score != RouterShape::Score::sigmoid) return;
  to.set("expert_gating_func", 2u);
  to.set("expert_weights_norm", true);
  to.set("expert_weights_scale", shape.router.weight_scale);
}

/// Values that other engines require, although these shapes do not have the parts that the values describe.
inline void describe_absent_parts(Metadata& to, const Shape& shape) {
  if (shape.architecture == "qwen3vlmoe") to.set("n_deepstack_layers", 0u);
  if (shape.architecture == "nemotron_h_moe") to.set("attention.layer_norm_epsilon", shape.epsilon);
  if (shape.architecture != "gemma4") return;
  to.set("embedding_length_per_layer_input", 0u);
  to.set("attention.shared_kv_layers", 0u);
}

/// per_token: the number of experts of a token, in place of the number in `shape`.
inline void describe(moe::detail::GgufWriter& file, const Shape& shape, std::uint32_t per_token) {
  file.set("general.architecture", shape.architecture);
  file.set("general.name", shape.name);
  Metadata to(file, shape);
  to.set("block_count", shape.layers);
  to.set("context_length", shape.positions);
  to.set("embedding_length", shape.hidden);
  to.set("vocab_size", shape.vocabulary);
  to.set("attention.layer_norm_rms_epsilon", shape.epsilon);
  if (shape.soft_cap > 0) to.set("final_logit_softcapping", shape.soft_cap);
  describe_absent_parts(to, shape);
  describe_mixers(to, shape);
  describe_networks(to, shape, per_token);
}
