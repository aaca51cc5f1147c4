#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

struct TensorNamePair {
  std::string_view gguf, hugging_face;
};

/// The names of tensors in GGUF files, without `.weight` or `.bias`, and those in Hugging Face checkpoints.
inline constexpr TensorNamePair outer_names[] = {
    {"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"}};

/// The same of a layer: behind `blk.N.` and behind `model.layers.N.`.
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

/// Experts merged into one tensor, which are fused ones without `.weight` in Hugging Face checkpoints.
inline constexpr TensorNamePair merged_names[] = {{"ffn_gate_exps.weight", "mlp.experts.gate_proj"},
                                                  {"ffn_up_exps.weight", "mlp.experts.up_proj"},
                                                  {"ffn_down_exps.weight", "mlp.experts.down_proj"},
                                                  {"ffn_gate_up_exps.weight", "mlp.experts.gate_up_proj"}};

/// An expert by itself, behind `ffn_gate.`: `J.weight`.
inline constexpr TensorNamePair expert_names[] = {
    {"ffn_gate.", "gate_proj"}, {"ffn_up.", "up_proj"}, {"ffn_down.", "down_proj"}};

bool all_digits(std::string_view text);

/// What stands behind `blk.N.` as it stands behind `model.layers.N.`; empty if there is no such name.
std::string hugging_face_layer_name(std::string_view name);

/// The name in Hugging Face checkpoints of a tensor of a GGUF file; the same name if it has none there.
std::string hugging_face_name(std::string_view name);

/// How many dimensions a tensor of that Hugging Face name has; 0: nobody knows. Writers of GGUF may leave out outer ones that
/// are 1, and add such.
std::size_t dimensions_of(std::string_view name);

/// Of a Hugging Face name.
bool is_attention_bias(std::string_view name);

/// Whether a tensor would change the numbers of a layer or of the head and nobody here knows how. `name`: as
/// hugging_face_name() returns it. Not those of tables that can be computed, and of what predicts further tokens.
bool is_unknown_part(std::string_view name);

/// What stands behind `model.layers.N.` as it stands behind `blk.N.`; empty if there is no such name.
std::string gguf_layer_name(std::string_view name);

/// The name in GGUF files of a tensor of a Hugging Face checkpoint that is no expert; the same name if it has none there.
std::string gguf_name(std::string_view name);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_names.ipp"
#endif
