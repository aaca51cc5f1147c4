// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "family.hpp"
#include "tensor_role.hpp"

#include <cstddef>
#include <span>

// The usual names of tensors, and for some families a list of names that differ from the usual ones. A row has the role, the
// name in checkpoints of Hugging Face and the name in GGUF files.
namespace moe::inline MOE_ABI::detail {

/// In the order of Role.
inline constexpr RoleNames all_usual_names[] = {
    {Role::embedding, "embed_tokens.weight", "token_embd.weight"},
    {Role::final_norm, "norm.weight", "output_norm.weight"},
    {Role::final_norm_bias, "norm.bias", "output_norm.bias"},
    {Role::head, "lm_head.weight", "output.weight"},
    {Role::head_bias, "lm_head.bias", "output.bias"},
    {Role::rope_divisors, "", "rope_freqs.weight"},
    {Role::rope_long, "", "rope_factors_long.weight"},
    {Role::rope_short, "", "rope_factors_short.weight"},

    {Role::mixer_norm, "input_layernorm.weight", "attn_norm.weight"},
    {Role::mixer_norm_bias, "input_layernorm.bias", "attn_norm.bias"},
    {Role::post_mixer_norm, "", ""},
    {Role::ffn_norm, "post_attention_layernorm.weight", "ffn_norm.weight"},
    {Role::ffn_norm_bias, "post_attention_layernorm.bias", "ffn_norm.bias"},
    {Role::post_ffn_norm, "", ""},
    {Role::post_always_on_norm, "", ""},
    {Role::experts_norm, "", ""},
    {Role::post_experts_norm, "", ""},
    {Role::layer_scale, "layer_scalar", "layer_output_scale.weight"},

    {Role::query, "self_attn.q_proj.weight", "attn_q.weight"},
    {Role::key, "self_attn.k_proj.weight", "attn_k.weight"},
    {Role::value, "self_attn.v_proj.weight", "attn_v.weight"},
    {Role::output, "self_attn.o_proj.weight", "attn_output.weight"},
    {Role::query_bias, "self_attn.q_proj.bias", "attn_q.bias"},
    {Role::key_bias, "self_attn.k_proj.bias", "attn_k.bias"},
    {Role::value_bias, "self_attn.v_proj.bias", "attn_v.bias"},
    {Role::output_bias, "self_attn.o_proj.bias", "attn_output.bias"},
    {Role::query_key_value, "self_attn.qkv_proj.weight", "attn_qkv.weight"},
    {Role::query_key_value_bias, "self_attn.qkv_proj.bias", "attn_qkv.bias"},
    {Role::query_norm, "self_attn.q_norm.weight", "attn_q_norm.weight"},
    {Role::key_norm, "self_attn.k_norm.weight", "attn_k_norm.weight"},
    {Role::sinks, "self_attn.sinks", "attn_sinks.weight"},

    {Role::query_down, "self_attn.q_a_proj.weight", "attn_q_a.weight"},
    {Role::query_down_norm, "self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"},
    {Role::query_up, "self_attn.q_b_proj.weight", "attn_q_b.weight"},
    {Role::latent_down, "self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
    {Role::latent_norm, "self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
    {Role::key_value_up, "self_attn.kv_b_proj.weight", "attn_kv_b.weight"},
    {Role::key_up, "", "attn_k_b.weight"},
    {Role::value_up, "", "attn_v_b.weight"},

    {Role::recurrent_input, "mamba.in_proj.weight", "ssm_in.weight"},
    {Role::recurrent_input_bias, "mamba.in_proj.bias", "ssm_in.bias"},
    {Role::recurrent_output, "mamba.out_proj.weight", "ssm_out.weight"},
    {Role::recurrent_output_bias, "mamba.out_proj.bias", "ssm_out.bias"},
    {Role::convolution, "mamba.conv1d.weight", "ssm_conv1d.weight"},
    {Role::convolution_bias, "mamba.conv1d.bias", "ssm_conv1d.bias"},
    {Role::delta_qkv, "linear_attn.in_proj_qkv.weight", "attn_qkv.weight"},
    {Role::delta_gate, "linear_attn.in_proj_z.weight", "attn_gate.weight"},
    {Role::delta_qkv_gate, "linear_attn.in_proj_qkvz.weight", "ssm_in.weight"},
    {Role::delta_beta, "linear_attn.in_proj_b.weight", "ssm_beta.weight"},
    {Role::delta_decay, "linear_attn.in_proj_a.weight", "ssm_alpha.weight"},
    {Role::delta_beta_decay, "linear_attn.in_proj_ba.weight", "ssm_ba.weight"},
    {Role::step_bias, "mamba.dt_bias", "ssm_dt.bias"},
    {Role::decay, "mamba.A_log", "ssm_a"},
    {Role::skip, "mamba.D", "ssm_d"},
    {Role::recurrent_norm, "mamba.norm.weight", "ssm_norm.weight"},

    {Role::dense_gate, "mlp.gate_proj.weight", "ffn_gate.weight"},
    {Role::dense_up, "mlp.up_proj.weight", "ffn_up.weight"},
    {Role::dense_down, "mlp.down_proj.weight", "ffn_down.weight"},
    {Role::dense_gate_up, "mlp.gate_up_proj.weight", ""},
    {Role::shared_gate, "mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
    {Role::shared_up, "mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
    {Role::shared_down, "mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
    {Role::shared_gate_up, "mlp.shared_experts.gate_up_proj.weight", ""},
    {Role::shared_weight, "mlp.shared_expert_gate.weight", "ffn_gate_inp_shexp.weight"},

    {Role::router, "mlp.gate.weight", "ffn_gate_inp.weight"},
    {Role::router_bias, "mlp.gate.bias", "ffn_gate_inp.bias"},
    {Role::selection_bias, "mlp.gate.e_score_correction_bias", "exp_probs_b.bias"},
    {Role::router_scale, "router.scale", "ffn_gate_inp.scale"},
    {Role::expert_scale, "router.per_expert_scale", "ffn_down_exps.scale"},
    {Role::latent_in, "mixer.fc1_latent_proj.weight", "ffn_latent_down.weight"},
    {Role::latent_out, "mixer.fc2_latent_proj.weight", "ffn_latent_up.weight"},
    {Role::expert_gate, "mlp.experts.*.gate_proj.weight", "ffn_gate.*.weight"},
    {Role::expert_up, "mlp.experts.*.up_proj.weight", "ffn_up.*.weight"},
    {Role::expert_down, "mlp.experts.*.down_proj.weight", "ffn_down.*.weight"},
    {Role::experts_gate, "mlp.experts.gate_proj", "ffn_gate_exps.weight"},
    {Role::experts_up, "mlp.experts.up_proj", "ffn_up_exps.weight"},
    {Role::experts_down, "mlp.experts.down_proj", "ffn_down_exps.weight"},
    {Role::experts_gate_up, "mlp.experts.gate_up_proj", "ffn_gate_up_exps.weight"},
    {Role::experts_gate_bias, "mlp.experts.gate_proj_bias", "ffn_gate_exps.bias"},
    {Role::experts_up_bias, "mlp.experts.up_proj_bias", "ffn_up_exps.bias"},
    {Role::experts_down_bias, "mlp.experts.down_proj_bias", "ffn_down_exps.bias"},
    {Role::experts_gate_up_bias, "mlp.experts.gate_up_proj_bias", "ffn_gate_up_exps.bias"},
    {Role::experts_gate_up_blocks, "mlp.experts.gate_up_proj_blocks", ""},
    {Role::experts_gate_up_scales, "mlp.experts.gate_up_proj_scales", ""},
    {Role::experts_down_blocks, "mlp.experts.down_proj_blocks", ""},
    {Role::experts_down_scales, "mlp.experts.down_proj_scales", ""},
};

constexpr bool are_in_order(std::span<const RoleNames> names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (static_cast<std::size_t>(names[i].role) != i) return false;
  return names.size() == role_count;
}
static_assert(are_in_order(all_usual_names));

/// Experts and router of Mixtral. With save_original_format=False, transformers 5 saves merged experts under `mlp`.
inline constexpr RoleNames sparse_block_names[] = {
    {Role::router, "block_sparse_moe.gate.weight", "ffn_gate_inp.weight"},
    {Role::router, "mlp.gate.weight", ""},
    {Role::router, "mlp.router.weight", ""},
    {Role::expert_gate, "block_sparse_moe.experts.*.w1.weight", "ffn_gate.*.weight"},
    {Role::expert_up, "block_sparse_moe.experts.*.w3.weight", "ffn_up.*.weight"},
    {Role::expert_down, "block_sparse_moe.experts.*.w2.weight", "ffn_down.*.weight"},
    {Role::experts_gate_up, "block_sparse_moe.experts.gate_up_proj", "ffn_gate_up_exps.weight"},
    {Role::experts_gate_up, "mlp.experts.gate_up_proj", ""},
    {Role::experts_down, "block_sparse_moe.experts.down_proj", "ffn_down_exps.weight"},
    {Role::experts_down, "mlp.experts.down_proj", ""},
};

inline constexpr RoleNames minimax_names[] = {
    {Role::selection_bias, "block_sparse_moe.e_score_correction_bias", "exp_probs_b.bias"},
    {Role::selection_bias, "mlp.e_score_correction_bias", ""},
    {Role::selection_bias, "mlp.gate.e_score_correction_bias", ""},
};

/// GGUF files of some families call the norm before the feed-forward network post_attention_norm.
inline constexpr RoleNames norm_after_attention_names[] = {
    {Role::ffn_norm, "post_attention_layernorm.weight", "post_attention_norm.weight"},
};

inline constexpr RoleNames gpt_oss_names[] = {
    {Role::router, "mlp.router.weight", "ffn_gate_inp.weight"},
    {Role::router_bias, "mlp.router.bias", "ffn_gate_inp.bias"},
};

/// Qwen2-MoE, Qwen3-Next and Qwen3.5.
inline constexpr RoleNames shared_expert_names[] = {
    {Role::shared_gate, "mlp.shared_expert.gate_proj.weight", "ffn_gate_shexp.weight"},
    {Role::shared_up, "mlp.shared_expert.up_proj.weight", "ffn_up_shexp.weight"},
    {Role::shared_down, "mlp.shared_expert.down_proj.weight", "ffn_down_shexp.weight"},
};

/// Layers with a delta net. In GGUF files attn_qkv is the projection of the delta net, so attention has no fused projection.
inline constexpr RoleNames delta_net_names[] = {
    {Role::ffn_norm, "post_attention_layernorm.weight", "post_attention_norm.weight"},
    {Role::query_key_value, "", ""},
    {Role::query_key_value_bias, "", ""},
    {Role::recurrent_output, "linear_attn.out_proj.weight", "ssm_out.weight"},
    {Role::convolution, "linear_attn.conv1d.weight", "ssm_conv1d.weight"},
    {Role::convolution_bias, "", ""},
    {Role::step_bias, "linear_attn.dt_bias", "ssm_dt.bias"},
    {Role::decay, "linear_attn.A_log", "ssm_a"},
    {Role::recurrent_norm, "linear_attn.norm.weight", "ssm_norm.weight"},
};

/// The second name of a role is the name that transformers 5 has in memory, and saves with save_original_format=False.
inline constexpr RoleNames granite_names[] = {
    {Role::router, "block_sparse_moe.router.layer.weight", "ffn_gate_inp.weight"},
    {Role::router, "block_sparse_moe.router.weight", ""},
    {Role::experts_gate_up, "block_sparse_moe.input_linear.weight", "ffn_gate_up_exps.weight"},
    {Role::experts_gate_up, "block_sparse_moe.experts.gate_up_proj", ""},
    {Role::experts_down, "block_sparse_moe.output_linear.weight", "ffn_down_exps.weight"},
    {Role::experts_down, "block_sparse_moe.experts.down_proj", ""},
    {Role::shared_gate_up, "shared_mlp.input_linear.weight", ""},
    {Role::shared_down, "shared_mlp.output_linear.weight", "ffn_down_shexp.weight"},
};

/// In hybrid models without experts, the dense network has the name of the shared network.
inline constexpr RoleNames granite_hybrid_names[] = {
    {Role::dense_gate_up, "shared_mlp.input_linear.weight", ""},
    {Role::dense_down, "shared_mlp.output_linear.weight", "ffn_down.weight"},
};

inline constexpr RoleNames gemma_names[] = {
    {Role::post_mixer_norm, "post_attention_layernorm.weight", "post_attention_norm.weight"},
    {Role::ffn_norm, "pre_feedforward_layernorm.weight", "ffn_norm.weight"},
    {Role::post_ffn_norm, "post_feedforward_layernorm.weight", "post_ffw_norm.weight"},
    {Role::post_always_on_norm, "post_feedforward_layernorm_1.weight", "post_ffw_norm_1.weight"},
    {Role::experts_norm, "pre_feedforward_layernorm_2.weight", "pre_ffw_norm_2.weight"},
    {Role::post_experts_norm, "post_feedforward_layernorm_2.weight", "post_ffw_norm_2.weight"},
    {Role::shared_gate, "mlp.gate_proj.weight", "ffn_gate.weight"},
    {Role::shared_up, "mlp.up_proj.weight", "ffn_up.weight"},
    {Role::shared_down, "mlp.down_proj.weight", "ffn_down.weight"},
    {Role::router, "router.proj.weight", "ffn_gate_inp.weight"},
    {Role::experts_gate, "experts.gate_proj", "ffn_gate_exps.weight"},
    {Role::experts_up, "experts.up_proj", "ffn_up_exps.weight"},
    {Role::experts_down, "experts.down_proj", "ffn_down_exps.weight"},
    {Role::experts_gate_up, "experts.gate_up_proj", "ffn_gate_up_exps.weight"},
    {Role::expert_gate, "experts.*.gate_proj.weight", "ffn_gate.*.weight"},
    {Role::expert_up, "experts.*.up_proj.weight", "ffn_up.*.weight"},
    {Role::expert_down, "experts.*.down_proj.weight", "ffn_down.*.weight"},
};

inline constexpr RoleNames lfm2_names[] = {
    {Role::final_norm, "embedding_norm.weight", "token_embd_norm.weight"},
    {Role::final_norm, "", "output_norm.weight"},
    {Role::mixer_norm, "operator_norm.weight", "attn_norm.weight"},
    {Role::ffn_norm, "ffn_norm.weight", "ffn_norm.weight"},
    {Role::output, "self_attn.out_proj.weight", "attn_output.weight"},
    {Role::query_norm, "self_attn.q_layernorm.weight", "attn_q_norm.weight"},
    {Role::key_norm, "self_attn.k_layernorm.weight", "attn_k_norm.weight"},
    {Role::recurrent_input, "conv.in_proj.weight", "shortconv.in_proj.weight"},
    {Role::recurrent_input_bias, "conv.in_proj.bias", "shortconv.in_proj.bias"},
    {Role::recurrent_output, "conv.out_proj.weight", "shortconv.out_proj.weight"},
    {Role::recurrent_output_bias, "conv.out_proj.bias", "shortconv.out_proj.bias"},
    {Role::convolution, "conv.conv.weight", "shortconv.conv.weight"},
    {Role::convolution_bias, "conv.conv.bias", "shortconv.conv.bias"},
    {Role::dense_gate, "feed_forward.w1.weight", "ffn_gate.weight"},
    {Role::dense_up, "feed_forward.w3.weight", "ffn_up.weight"},
    {Role::dense_down, "feed_forward.w2.weight", "ffn_down.weight"},
    {Role::router, "feed_forward.gate.weight", "ffn_gate_inp.weight"},
    {Role::selection_bias, "feed_forward.expert_bias", "exp_probs_b.bias"},
    {Role::expert_gate, "feed_forward.experts.*.w1.weight", "ffn_gate.*.weight"},
    {Role::expert_up, "feed_forward.experts.*.w3.weight", "ffn_up.*.weight"},
    {Role::expert_down, "feed_forward.experts.*.w2.weight", "ffn_down.*.weight"},
    {Role::experts_gate_up, "feed_forward.experts.gate_up_proj", "ffn_gate_up_exps.weight"},
    {Role::experts_down, "feed_forward.experts.down_proj", "ffn_down_exps.weight"},
};

/// A block has one part, a mixer or a network, and one norm, so both roles of norms have one name.
inline constexpr RoleNames nemotron_names[] = {
    {Role::embedding, "embeddings.weight", "token_embd.weight"},
    {Role::embedding, "embed_tokens.weight", ""},
    {Role::final_norm, "norm_f.weight", "output_norm.weight"},
    {Role::mixer_norm, "norm.weight", "attn_norm.weight"},
    {Role::ffn_norm, "norm.weight", "attn_norm.weight"},
    {Role::query, "mixer.q_proj.weight", "attn_q.weight"},
    {Role::key, "mixer.k_proj.weight", "attn_k.weight"},
    {Role::value, "mixer.v_proj.weight", "attn_v.weight"},
    {Role::output, "mixer.o_proj.weight", "attn_output.weight"},
    {Role::query_bias, "mixer.q_proj.bias", "attn_q.bias"},
    {Role::key_bias, "mixer.k_proj.bias", "attn_k.bias"},
    {Role::value_bias, "mixer.v_proj.bias", "attn_v.bias"},
    {Role::output_bias, "mixer.o_proj.bias", "attn_output.bias"},
    {Role::recurrent_input, "mixer.in_proj.weight", "ssm_in.weight"},
    {Role::recurrent_input_bias, "mixer.in_proj.bias", "ssm_in.bias"},
    {Role::recurrent_output, "mixer.out_proj.weight", "ssm_out.weight"},
    {Role::recurrent_output_bias, "mixer.out_proj.bias", "ssm_out.bias"},
    {Role::convolution, "mixer.conv1d.weight", "ssm_conv1d.weight"},
    {Role::convolution_bias, "mixer.conv1d.bias", "ssm_conv1d.bias"},
    {Role::step_bias, "mixer.dt_bias", "ssm_dt.bias"},
    {Role::decay, "mixer.A_log", "ssm_a"},
    {Role::skip, "mixer.D", "ssm_d"},
    {Role::recurrent_norm, "mixer.norm.weight", "ssm_norm.weight"},
    {Role::dense_up, "mixer.up_proj.weight", "ffn_up.weight"},
    {Role::dense_down, "mixer.down_proj.weight", "ffn_down.weight"},
    {Role::shared_up, "mixer.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
    {Role::shared_down, "mixer.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
    {Role::router, "mixer.gate.weight", "ffn_gate_inp.weight"},
    {Role::selection_bias, "mixer.gate.e_score_correction_bias", "exp_probs_b.bias"},
    {Role::expert_gate, "", ""},
    {Role::expert_up, "mixer.experts.*.up_proj.weight", "ffn_up.*.weight"},
    {Role::expert_down, "mixer.experts.*.down_proj.weight", "ffn_down.*.weight"},
    {Role::experts_gate, "", ""},
    {Role::experts_gate_up, "", ""},
    {Role::experts_up, "mixer.experts.up_proj", "ffn_up_exps.weight"},
    {Role::experts_down, "mixer.experts.down_proj", "ffn_down_exps.weight"},
};

}  // namespace moe::inline MOE_ABI::detail
