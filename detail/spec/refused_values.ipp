// SPDX-License-Identifier: MIT
#pragma once
#include "refused_values.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The part of a model to which a value belongs. A value of a part that the model does not have changes nothing.
enum class ModelPart { model, attention, experts };

/// The numbers that have the same meaning as a missing value: `neutral` and `also`. 0 often means that a number is not set.
struct NeutralNumber {
  std::string_view key;
  double neutral;
  double also = neutral;
  ModelPart part = ModelPart::model;
};
struct NeutralText {
  std::string_view key;
  std::string_view neutral;
  ModelPart part = ModelPart::model;
};

inline constexpr NeutralNumber neutral_numbers_of_config[] = {
    {"is_causal", 1, 1, ModelPart::attention},
    {"attention_bias", 0, 0, ModelPart::attention},
    {"qkv_bias", 0, 0, ModelPart::attention},
    {"mlp_bias", 0},
    {"lm_head_bias", 0},
    {"use_qk_norm", 0, 0, ModelPart::attention},
    {"attn_output_gate", 0, 0, ModelPart::attention},
    {"attention_k_eq_v", 0, 0, ModelPart::attention},
    {"use_parallel_residual", 0},
    {"parallel_attn", 0},
    {"rope_interleave", 0, 0, ModelPart::attention},
    {"norm_topk_prob", 0, 0, ModelPart::experts},
    {"clip_qkv", 0, 0, ModelPart::attention},
    {"attn_logit_softcapping", 0, 0, ModelPart::attention},
    {"final_logit_softcapping", 0},
    {"router_logit_softcapping", 0, 0, ModelPart::experts},
    {"query_pre_attn_scalar", 0, 0, ModelPart::attention},
    {"attention_chunk_size", 0, 0, ModelPart::attention},
    {"swiglu_limit", 0},
    {"swiglu_alpha", 1.702},
    {"embedding_multiplier", 1},
    {"residual_multiplier", 1},
    {"attention_multiplier", 1, 1, ModelPart::attention},
    {"logits_scaling", 1},
    {"logit_scale", 1},
    {"routed_scaling_factor", 1, 1, ModelPart::experts},
    {"moe_layer_freq", 1, 1, ModelPart::experts},
    {"n_group", 1, 0, ModelPart::experts},
    {"shared_intermediate_size", 0},
    {"moe_latent_size", 0, 0, ModelPart::experts},
    {"num_kv_shared_layers", 0},
    {"use_double_wide_mlp", 0},
};

inline constexpr NeutralText neutral_texts_of_config[] = {
    {"normalization_function", "rmsnorm"},
    {"position_embedding_type", "rope", ModelPart::attention},
    {"scoring_func", "softmax", ModelPart::experts},
    {"topk_method", "greedy", ModelPart::experts},
    {"use_bidirectional_attention", "vision", ModelPart::attention},
};

inline constexpr NeutralNumber neutral_numbers_of_gguf[] = {
    {"expert_count", 0},
    {"expert_shared_count", 0, 0, ModelPart::experts},
    {"expert_shared_feed_forward_length", 0, 0, ModelPart::experts},
    {"expert_group_count", 1, 0, ModelPart::experts},
    {"expert_gating_func", 1, 0, ModelPart::experts},
    {"expert_weights_scale", 1, 0, ModelPart::experts},
    {"embedding_scale", 1, 0},
    {"residual_scale", 1, 0},
    {"logit_scale", 1, 0},
    {"attention.causal", 1, 1, ModelPart::attention},
    {"attention.clamp_kqv", 0, 0, ModelPart::attention},
    {"attention.max_alibi_bias", 0, 0, ModelPart::attention},
    {"attention.scale", 0, 0, ModelPart::attention},
    {"attention.temperature_scale", 0, 0, ModelPart::attention},
    {"attention.shared_kv_layers", 0},
    {"embedding_length_per_layer_input", 0},
    {"attn_logit_softcapping", 0, 0, ModelPart::attention},
    {"final_logit_softcapping", 0},
    {"router_logit_softcapping", 0, 0, ModelPart::experts},
    {"rope.scaling.yarn_log_multiplier", 0, 0, ModelPart::attention},
    {"moe_latent_size", 0, 0, ModelPart::experts},
};

MOE_INLINE void refuse_number(const SpecReader& reader, const NeutralNumber& value) {
  const ValueSource& values = reader.source().values();
  if (reader.is_looked_up(value.key)) return;
  const auto number = values.any_number(value.key);
  if (!number || *number == value.neutral || *number == value.also) return;
  if (values.is_flag(value.key))
    values.fail_at(value.key, *number == 0 ? "true" : "false", *number == 0 ? "false" : "true");
  values.fail_at(value.key, to_decimal(value.neutral), to_decimal(*number));
}

/// Refuses a window in a family without windows, unless all positions fit into the window, the configuration switches windows
/// off, or the family ignores windows.
MOE_INLINE void refuse_window(const SpecReader& reader, std::size_t max_positions) {
  const ValueSource& values = reader.source().values();
  const std::string_view key = reader.is_gguf() ? keys::window.gguf[0] : keys::window.hugging_face[0];
  if (reader.is_looked_up(key) || reader.family().pattern == Family::Pattern::no_window) return;
  if (!reader.is_gguf() && !values.flag("use_sliding_window", true)) return;
  const std::size_t window = values.size(key, 0);
  if (window > 0 && window < max_positions)
    values.fail_at(key, "no window, since this family has none", concat(window));
}

/// Refuses the linear attention of MiniMax. MiniMax lists a number for each layer: 1 means attention to all positions.
MOE_INLINE void refuse_attention_types(const SpecReader& reader) {
  for (const std::size_t type : reader.sizes(keys::attention_types))
    if (type != 1) reader.fail_at(keys::attention_types, "1 for each layer", concat(type));
}

/// Refuses per-layer inputs, and layers that share keys and values, of small Gemma models. A model has per-layer inputs if it
/// states their size, or if their tensors are in the checkpoint.
MOE_INLINE void refuse_missing_parts(const SpecReader& reader) {
  if (!reader.family().kinds_differ) return;
  if (const std::size_t size = reader.size(keys::layer_input_size, 0); size > 0)
    reader.fail_at(keys::layer_input_size, "0, since per-layer inputs of Gemma E models are not supported",
                   concat(size));
  for (const std::string& name : {reader.names().prefix() + "embed_tokens_per_layer.weight",
                                  std::string("per_layer_token_embd.weight")})
    if (const TensorInfo* stored = reader.checkpoint().find(name))
      fail(reader.checkpoint().file_of(*stored), concat("tensor \"", name, '"'),
           "a model without per-layer inputs, since per-layer inputs of Gemma E models are not supported",
           "the embedding of per-layer inputs");
  if (const std::size_t shared = reader.size(keys::shared_kv_layers, 0); shared > 0)
    reader.fail_at(keys::shared_kv_layers,
                   "0, since shared keys and values of Gemma E models are not supported", concat(shared));
}

/// Whether a model has layers with attention, or with experts.
MOE_INLINE bool has_part(const std::vector<LayerKind>& kinds, ModelPart part) {
  if (part == ModelPart::model) return true;
  return std::any_of(kinds.begin(), kinds.end(), [&](const LayerKind& kind) {
    return part == ModelPart::attention ? kind.mixer == LayerKind::Mixer::attention
                                        : kind.network == LayerKind::Network::experts;
  });
}

MOE_INLINE void refuse_unread_values(const SpecReader& reader, const std::vector<LayerKind>& kinds,
                                     std::size_t max_positions) {
  const auto refuse_numbers = [&](std::span<const NeutralNumber> numbers) {
    for (const NeutralNumber& value : numbers)
      if (has_part(kinds, value.part)) refuse_number(reader, value);
  };
  refuse_window(reader, max_positions);
  if (reader.is_gguf()) return refuse_numbers(neutral_numbers_of_gguf);
  refuse_attention_types(reader);
  refuse_numbers(neutral_numbers_of_config);
  const ValueSource& values = reader.source().values();
  for (const auto& [key, neutral, part] : neutral_texts_of_config) {
    if (reader.is_looked_up(key) || !has_part(kinds, part)) continue;
    if (const std::string text = values.text(key, neutral); text != neutral)
      values.fail_at(key, neutral, text);
  }
}

}  // namespace moe::inline MOE_ABI::detail
