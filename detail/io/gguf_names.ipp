#pragma once
#include "gguf_names.hpp"
#include "../core/concat.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A name in GGUF files and its counterpart in Hugging Face checkpoints.
struct TensorNamePair {
  std::string_view gguf, hugging_face;
};

/// Names outside of layers, without `.weight` or `.bias`.
inline constexpr TensorNamePair outer_names[] = {
    {"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"}};

/// Names in a layer, without `.weight` or `.bias`: behind `blk.N.` and behind `model.layers.N.`.
inline constexpr TensorNamePair layer_names[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_qkv", "self_attn.qkv_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate_inp", "mlp.gate"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

/// Names of tensors with all experts of a layer. In Hugging Face checkpoints they have no `.weight`.
inline constexpr TensorNamePair merged_names[] = {{"ffn_gate_exps.weight", "mlp.experts.gate_proj"},
                                                  {"ffn_up_exps.weight", "mlp.experts.up_proj"},
                                                  {"ffn_down_exps.weight", "mlp.experts.down_proj"},
                                                  {"ffn_gate_up_exps.weight", "mlp.experts.gate_up_proj"}};

/// Names of tensors with one expert: in GGUF files, `ffn_gate.J.weight` is a projection of expert J.
inline constexpr TensorNamePair expert_names[] = {
    {"ffn_gate.", "gate_proj"}, {"ffn_up.", "up_proj"}, {"ffn_down.", "down_proj"}};

MOE_INLINE bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

/// `ffn_norm.weight` as `post_attention_layernorm.weight`; empty if the name of a layer is unknown.
MOE_INLINE std::string hugging_face_layer_name(std::string_view name) {
  for (const auto& [gguf, hugging_face] : merged_names)
    if (name == gguf) return std::string(hugging_face);
  for (const auto& [gguf, hugging_face] : expert_names) {
    if (!name.starts_with(gguf) || !name.ends_with(".weight")) continue;
    const std::string_view number =
        name.substr(gguf.size(), name.size() - std::min(name.size(), gguf.size() + 7));
    if (all_digits(number)) return concat("mlp.experts.", number, '.', hugging_face, ".weight");
  }
  const std::size_t dot = name.rfind('.');
  for (const auto& [gguf, hugging_face] : layer_names)
    if (name.substr(0, dot) == gguf) return concat(hugging_face, name.substr(std::min(dot, name.size())));
  return {};
}

MOE_INLINE std::string hugging_face_name(std::string_view name) {
  if (name.starts_with("blk.")) {
    const std::size_t end = std::min(name.find('.', 4), name.size());
    const std::string_view number = name.substr(4, end - 4),
                           rest = name.substr(std::min(end + 1, name.size()));
    const std::string known = hugging_face_layer_name(rest);
    if (all_digits(number) && !known.empty()) return concat("model.layers.", number, '.', known);
  }
  for (const auto& [gguf, hugging_face] : outer_names)
    if (name == concat(gguf, ".weight")) return concat(hugging_face, ".weight");
  return std::string(name);
}

MOE_INLINE std::size_t dimensions_of(std::string_view name) {
  if (!name.starts_with("model.") && !name.starts_with("lm_head.")) return 0;
  if (name.ends_with("norm.weight") || name.ends_with(".bias")) return 1;
  return name.ends_with(".weight") ? 2 : 3;  // experts that are merged
}

MOE_INLINE bool is_attention_bias(std::string_view name) {
  return name.ends_with("_proj.bias") && name.find(".self_attn.") != name.npos;
}

MOE_INLINE bool is_unknown_part(std::string_view name) {
  constexpr std::string_view changing[] = {
      ".attn_", ".ffn_",  ".post_",     ".layer_out", ".exp_probs_", ".ssm_",        ".self_attn.",
      ".mlp.",  "output", "layernorm.", "token_",     "position_",   "rope_factors_"};
  constexpr std::string_view harmless[] = {".nextn.", ".attn_rot_embd"};
  const std::string_view kind = name.substr(std::min(name.rfind('.'), name.size()));
  const bool known = dimensions_of(name) > 0 && kind != ".bias" && kind != ".scale" && kind != ".input_scale";
  if (known || is_attention_bias(name)) return false;
  for (const std::string_view part : harmless)
    if (name.find(part) != name.npos) return false;
  for (const std::string_view part : changing)
    if (name.find(part) != name.npos) return true;
  return false;
}

/// `post_attention_layernorm.weight` as `ffn_norm.weight`; empty if the name of a layer is unknown.
MOE_INLINE std::string gguf_layer_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  for (const auto& [gguf, hugging_face] : layer_names)
    if (name.substr(0, dot) == hugging_face) return concat(gguf, name.substr(std::min(dot, name.size())));
  return {};
}

MOE_INLINE std::string gguf_name(std::string_view name) {
  constexpr std::string_view layers = "model.layers.";
  if (name.starts_with(layers)) {
    const std::size_t end = std::min(name.find('.', layers.size()), name.size());
    const std::string_view number = name.substr(layers.size(), end - layers.size());
    const std::string known = gguf_layer_name(name.substr(std::min(end + 1, name.size())));
    if (all_digits(number) && !known.empty()) return concat("blk.", number, '.', known);
  }
  for (const auto& [gguf, hugging_face] : outer_names)
    if (name == concat(hugging_face, ".weight")) return concat(gguf, ".weight");
  return std::string(name);
}

}  // namespace moe::inline MOE_ABI::detail
