// SPDX-License-Identifier: MIT
#pragma once
#include "known_tensors.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "model_spec.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

using RoleList = std::vector<Role>;

MOE_INLINE void add_roles(RoleList& out, bool condition, std::initializer_list<Role> roles) {
  if (condition) out.insert(out.end(), roles);
}

/// Adds the roles of a mixer.
struct MixerRoles {
  RoleList& out;

  void operator()(const NoMixer&) const {}

  void operator()(const AttentionSpec& spec) const {
    using enum Role;
    add_roles(out, true, {query, key, output, query_key_value});
    add_roles(out, !spec.value_is_key, {value});
    add_roles(out, spec.input_bias, {query_bias, key_bias, value_bias, query_key_value_bias});
    add_roles(out, spec.output_bias, {output_bias});
    add_roles(out, spec.query_key_norm != AttentionSpec::Norm::none, {query_norm, key_norm});
    add_roles(out, spec.sinks, {sinks});
  }

  void operator()(const LatentAttentionSpec& spec) const {
    using enum Role;
    add_roles(out, spec.query_rank == 0, {query});
    add_roles(out, spec.query_rank > 0, {query_down, query_down_norm, query_up});
    add_roles(out, true, {latent_down, latent_norm, key_value_up, key_up, value_up, output});
  }

  void operator()(const DeltaNetSpec&) const {
    using enum Role;
    add_roles(out, true,
              {recurrent_output, convolution, delta_qkv, delta_gate, delta_qkv_gate, delta_beta, delta_decay,
               delta_beta_decay, step_bias, decay, recurrent_norm});
  }

  void operator()(const Mamba2Spec& spec) const {
    using enum Role;
    add_roles(out, true,
              {recurrent_input, recurrent_output, convolution, step_bias, decay, skip, recurrent_norm});
    add_roles(out, spec.convolution_bias, {convolution_bias});
    add_roles(out, spec.projection_bias, {recurrent_input_bias, recurrent_output_bias});
  }

  void operator()(const ShortConvolutionSpec& spec) const {
    using enum Role;
    add_roles(out, true, {recurrent_input, recurrent_output, convolution});
    add_roles(out, spec.bias, {recurrent_input_bias, recurrent_output_bias, convolution_bias});
  }
};

MOE_INLINE void add_expert_roles(const FeedForwardSpec& spec, RoleList& out) {
  using enum Role;
  const RouterSpec& router_spec = *spec.router;
  const bool gated = spec.network.gated();
  add_roles(out, true, {router, expert_up, expert_down, experts_up, experts_down});
  add_roles(out, gated, {expert_gate, experts_gate, experts_gate_up});
  add_roles(out, spec.network.activation == Activation::clamped_silu,
            {experts_gate_up_blocks, experts_gate_up_scales, experts_down_blocks, experts_down_scales});
  add_roles(out, spec.network.biases,
            {experts_gate_bias, experts_up_bias, experts_down_bias, experts_gate_up_bias});
  add_roles(out, router_spec.bias, {router_bias});
  add_roles(out, router_spec.selection_bias, {selection_bias});
  add_roles(out, router_spec.own_norm, {router_scale});
  add_roles(out, router_spec.per_expert_scale, {expert_scale});
  add_roles(out, spec.latent_size > 0, {latent_in, latent_out});
  if (!spec.always_on) return;
  add_roles(out, true, {shared_up, shared_down});
  add_roles(out, spec.always_on->network.gated(), {shared_gate, shared_gate_up});
  add_roles(out, spec.always_on->gate, {shared_weight});
  add_roles(out, spec.always_on->own_norms, {post_always_on_norm, experts_norm, post_experts_norm});
}

MOE_INLINE RoleList roles_of(const ModelSpec& model, const LayerSpec& layer) {
  using enum Role;
  RoleList out;
  const bool mixes = !std::holds_alternative<NoMixer>(layer.mixer),
             biased = model.norm == ModelSpec::Norm::layer;
  std::visit(MixerRoles{out}, layer.mixer);
  add_roles(out, mixes, {mixer_norm});
  add_roles(out, mixes && biased, {mixer_norm_bias});
  add_roles(out, mixes && layer.post_norms, {post_mixer_norm});
  add_roles(out, layer.scaled, {layer_scale});
  if (!layer.feed_forward) return out;
  add_roles(out, true, {ffn_norm});
  add_roles(out, biased, {ffn_norm_bias});
  add_roles(out, layer.post_norms, {post_ffn_norm});
  if (layer.feed_forward->router) {
    add_expert_roles(*layer.feed_forward, out);
  } else {
    add_roles(out, true, {dense_up, dense_down});
    add_roles(out, layer.feed_forward->network.gated(), {dense_gate, dense_gate_up});
  }
  return out;
}

/// Whether a name matches a pattern in which `*` stands for a number.
MOE_INLINE bool matches(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos) return name == pattern;
  const std::string_view end = pattern.substr(star + 1);
  if (!name.starts_with(pattern.substr(0, star)) || !name.ends_with(end)) return false;
  if (name.size() <= star + end.size()) return false;
  return name.substr(star, name.size() - star - end.size()).find_first_not_of("0123456789") == name.npos;
}

/// Whether the name is of a tensor that does not change results: a table that can be computed, a limit of activations in a
/// vision or audio model, or a part of multi-token prediction.
MOE_INLINE bool is_harmless(std::string_view name) {
  for (const std::string_view part : {".inv_freq", "rotary_emb.", "attn_rot_embd", "nextn."})
    if (name.find(part) != name.npos) return true;
  for (const std::string_view end : {".input_min", ".input_max", ".output_min", ".output_max"})
    if (name.ends_with(end)) return true;
  return false;
}

/// Refuses the first tensor of a checkpoint that has no role.
class TensorCheck {
 public:
  TensorCheck(const ModelSource& source, const ModelSpec& model);

  void run();

 private:
  /// Whether the tensor has a role, or does not belong to the layers that are computed.
  bool is_known(std::string_view name);

  /// rest: the name after the prefix of the layer.
  bool is_known_in_layer(std::string_view rest, std::size_t layer);

  /// Whether a tensor outside of layers has a role, or belongs to another model.
  bool is_known_outside(std::string_view name) const;

  /// If the tensor `scales` holds the scales of a matrix, as for NVFP4 in GGUF files: refuses the type of this matrix, unless
  /// the type is supported.
  void refuse_type_with_scales(std::string_view scales) const;

  const ModelSource& source_;
  const ModelSpec& model_;
  bool gguf_;
  std::string layers_;                      // the prefix of all layers, without the number
  std::size_t layer_ = 0;                   // the layer of patterns_
  std::vector<std::string_view> patterns_;  // the names of the tensors that layer_ may have
};

MOE_INLINE TensorCheck::TensorCheck(const ModelSource& source, const ModelSpec& model)
    : source_(source), model_(model), gguf_(source.values().is_gguf()) {
  const std::string first = source.names().layer_prefix(0);
  layers_ = first.substr(0, first.size() - 2);
}

MOE_INLINE void TensorCheck::run() {
  const bool fp8 = source_.quantisation().fp8();
  for (const TensorInfo& tensor : source_.checkpoint().tensors()) {
    std::string_view name = tensor.name;
    constexpr std::string_view scale = "_scale_inv";
    if (fp8 && name.ends_with(scale)) name.remove_suffix(scale.size());
    if (is_harmless(name) || is_known(name)) continue;
    refuse_type_with_scales(name);
    fail(source_.checkpoint().file_of(tensor), concat("tensor \"", tensor.name, '"'),
         "only tensors that the library knows", concat("a tensor without a role in ", model_.family));
  }
}

MOE_INLINE bool TensorCheck::is_known(std::string_view name) {
  if (!name.starts_with(layers_)) return is_known_outside(name);
  const std::string_view rest = name.substr(layers_.size());
  const std::size_t dot = std::min(rest.find('.'), rest.size());
  std::size_t layer = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + dot, layer);
  if (dot == rest.size() || error != std::errc() || end != rest.data() + dot) return !gguf_;
  return layer >= model_.layers.size() || is_known_in_layer(rest.substr(dot + 1), layer);
}

MOE_INLINE bool TensorCheck::is_known_in_layer(std::string_view rest, std::size_t layer) {
  // Tensors are sorted by name, so the tensors of one layer follow each other.
  if (patterns_.empty() || layer != layer_) {
    patterns_.clear();
    layer_ = layer;
    for (const Role role : roles_of(model_, model_.layers[layer]))
      for (const std::string_view pattern : source_.names().patterns(role)) patterns_.push_back(pattern);
  }
  const auto is_named = [&](std::string_view name, bool single) {
    return std::any_of(patterns_.begin(), patterns_.end(), [&](std::string_view pattern) {
      return matches(name, pattern) && (!single || pattern.find('*') != pattern.npos);
    });
  };
  if (is_named(rest, false)) return true;
  // If each expert has its own tensors, a bias has the name of its matrix, with .bias in place of .weight.
  constexpr std::string_view bias = ".bias";
  const bool biases = model_.layers[layer].feed_forward && model_.layers[layer].feed_forward->network.biases;
  return biases && rest.ends_with(bias) &&
         is_named(concat(rest.substr(0, rest.size() - bias.size()), ".weight"), true);
}

MOE_INLINE bool TensorCheck::is_known_outside(std::string_view name) const {
  using enum Role;
  RoleList roles{embedding, final_norm, head, rope_divisors, rope_long, rope_short};
  add_roles(roles, model_.norm == ModelSpec::Norm::layer, {final_norm_bias});
  add_roles(roles, model_.head_bias, {head_bias});
  for (const Role role : roles)
    if (name == source_.names().of(role)) return true;
  if (gguf_) {
    for (const std::string_view start : {"output", "token_", "position_", "rope_factors_", "per_layer_"})
      if (name.starts_with(start)) return false;
    return true;
  }
  const std::string &prefix = source_.names().prefix(), head_name = source_.names().of(head);
  if (name.starts_with(head_name.substr(0, head_name.rfind('.') + 1))) return false;
  if (!name.starts_with(prefix)) return true;
  const std::string_view rest = name.substr(prefix.size());
  for (const std::string_view part : {"mtp", "visual", "vision", "audio", "embed_vision", "embed_audio",
                                      "multi_modal", "language_model.", "talker", "code2wav", "layers."})
    if (rest.starts_with(part)) return true;
  return false;
}

MOE_INLINE void TensorCheck::refuse_type_with_scales(std::string_view scales) const {
  for (const std::string_view end : {".input_scale", ".scale"}) {
    if (!scales.ends_with(end)) continue;
    const std::string matrix = concat(scales.substr(0, scales.size() - end.size()), ".weight");
    if (const TensorInfo* found = source_.checkpoint().find(matrix))
      source_.checkpoint().require_usable(*found);
  }
}

MOE_INLINE void require_known_tensors(const ModelSource& source, const ModelSpec& model) {
  TensorCheck(source, model).run();
}

}  // namespace moe::inline MOE_ABI::detail
