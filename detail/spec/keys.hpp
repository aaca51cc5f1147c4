// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The names of one value of a model's description: in GGUF metadata, after the name of the architecture, and in config.json.
/// Several names of one format are alternatives. Empty: the format does not have the value.
struct Key {
  std::string_view gguf[2];
  std::string_view hugging_face[3];
};

namespace keys {

// The model
inline constexpr Key vocabulary{{"vocab_size"}, {"vocab_size"}};
inline constexpr Key hidden{{"embedding_length"}, {"hidden_size"}};
inline constexpr Key positions{{"context_length"}, {"max_position_embeddings"}};
inline constexpr Key norm_epsilon{{"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"},
                                  {"rms_norm_eps", "norm_eps", "layer_norm_epsilon"}};
inline constexpr Key embedding_multiplier{{"embedding_scale"}, {"embedding_multiplier"}};
inline constexpr Key residual_multiplier{{"residual_scale"}, {"residual_multiplier"}};
inline constexpr Key logit_divisor{{"logit_scale"}, {"logits_scaling"}};
inline constexpr Key logit_soft_cap{{"final_logit_softcapping"}, {"final_logit_softcapping"}};
inline constexpr Key tied{{}, {"tie_embedding", "tie_word_embeddings"}};
inline constexpr Key head_bias{{}, {"lm_head_bias"}};

// The kinds of layers
inline constexpr Key layer_types{{}, {"layer_types"}};
inline constexpr Key attention_types{{}, {"attn_type_list"}};
inline constexpr Key attention_layers{{}, {"full_attn_idxs"}};
inline constexpr Key attention_interval{{"full_attention_interval"}, {"full_attention_interval"}};
inline constexpr Key recurrent_layers{{"attention.recurrent_layers"}, {}};
inline constexpr Key block_pattern{{}, {"hybrid_override_pattern"}};
inline constexpr Key block_types{{}, {"layers_block_type", "layer_types"}};
inline constexpr Key window{{"attention.sliding_window"}, {"sliding_window"}};
inline constexpr Key use_window{{}, {"use_sliding_window"}};
inline constexpr Key first_window{{}, {"max_window_layers"}};
inline constexpr Key window_pattern{{"attention.sliding_window_pattern"}, {}};
inline constexpr Key sparse_step{{}, {"decoder_sparse_step"}};
inline constexpr Key dense_layers{{}, {"mlp_only_layers"}};
inline constexpr Key leading_dense{{"leading_dense_block_count"},
                                   {"first_k_dense_replace", "num_dense_layers"}};
inline constexpr Key network_types{{}, {"mlp_layer_types"}};
inline constexpr Key expert_block{{}, {"enable_moe_block"}};
inline constexpr Key layer_values{{}, {"per_layer_config"}};

// Attention
inline constexpr Key heads{{"attention.head_count"}, {"num_attention_heads"}};
inline constexpr Key kv_heads{{"attention.head_count_kv"}, {"num_key_value_heads"}};
inline constexpr Key head_dim{{"attention.key_length"}, {"head_dim", "attention_head_dim"}};
inline constexpr Key value_dim{{"attention.value_length"}, {}};
inline constexpr Key full_kv_heads{{}, {"num_global_key_value_heads"}};
inline constexpr Key full_head_dim{{}, {"global_head_dim"}};
inline constexpr Key window_head_dim{{"attention.key_length_swa"}, {}};
inline constexpr Key window_value_dim{{"attention.value_length_swa"}, {}};
inline constexpr Key value_is_key{{}, {"attention_k_eq_v"}};
inline constexpr Key attention_scale{{"attention.scale"}, {"attention_multiplier"}};
inline constexpr Key attention_clamp{{"attention.clamp_kqv"}, {"clip_qkv"}};
inline constexpr Key attention_bias{{}, {"attention_bias"}};
inline constexpr Key input_bias{{}, {"qkv_bias"}};
inline constexpr Key query_key_norm{{}, {"use_qk_norm"}};
inline constexpr Key query_key_norm_kind{{}, {"qk_norm_type"}};
inline constexpr Key output_gate{{}, {"attn_output_gate"}};

// Latent attention
inline constexpr Key query_rank{{"attention.q_lora_rank"}, {"q_lora_rank"}};
inline constexpr Key kv_rank{{"attention.kv_lora_rank"}, {"kv_lora_rank"}};
inline constexpr Key nope_dim{{}, {"qk_nope_head_dim"}};
inline constexpr Key rope_dim{{"rope.dimension_count"}, {"qk_rope_head_dim"}};
inline constexpr Key latent_key_dim{{"attention.key_length_mla", "attention.key_length"}, {}};
inline constexpr Key latent_value_dim{{"attention.value_length_mla", "attention.value_length"},
                                      {"v_head_dim"}};

// Positions
inline constexpr Key theta{{"rope.freq_base"}, {"rope_theta"}};
inline constexpr Key window_theta{{"rope.freq_base_swa"}, {}};
inline constexpr Key rotated{{"rope.dimension_count"}, {"rotary_dim"}};
inline constexpr Key window_rotated{{"rope.dimension_count_swa"}, {}};
inline constexpr Key rotated_share{{}, {"partial_rotary_factor"}};
inline constexpr Key rope_neighbours{{}, {"rope_interleave"}};
inline constexpr Key rope_scaling{{}, {"rope_scaling"}};
inline constexpr Key rope_parameters{{}, {"rope_parameters"}};
inline constexpr Key original_positions{{"rope.scaling.original_context_length"},
                                        {"original_max_position_embeddings"}};
inline constexpr Key scaling_type{{"rope.scaling.type"}, {}};
inline constexpr Key scaling_factor{{"rope.scaling.factor", "rope.scale_linear"}, {}};
inline constexpr Key magnitude{{"rope.scaling.attn_factor"}, {}};
inline constexpr Key yarn_magnitude{{"rope.scaling.yarn_attn_factor"}, {}};
inline constexpr Key yarn_mix{{"rope.scaling.yarn_ext_factor"}, {}};
inline constexpr Key yarn_fast{{"rope.scaling.yarn_beta_fast"}, {}};
inline constexpr Key yarn_slow{{"rope.scaling.yarn_beta_slow"}, {}};
inline constexpr Key yarn_log_multiplier{{"rope.scaling.yarn_log_multiplier"}, {}};
inline constexpr Key has_positions{{"rope.scaling.finetuned"}, {}};
inline constexpr Key position_kind{{}, {"position_embedding_type"}};

// Recurrent mixers
inline constexpr Key delta_key_heads{{"ssm.group_count"}, {"linear_num_key_heads"}};
inline constexpr Key delta_value_heads{{"ssm.time_step_rank"}, {"linear_num_value_heads"}};
inline constexpr Key delta_key_dim{{"ssm.state_size"}, {"linear_key_head_dim"}};
inline constexpr Key delta_value_dim{{"ssm.state_size"}, {"linear_value_head_dim"}};
inline constexpr Key delta_kernel{{"ssm.conv_kernel"}, {"linear_conv_kernel_dim"}};
inline constexpr Key delta_gate_kind{{}, {"output_gate_type"}};
inline constexpr Key inner_size{{"ssm.inner_size"}, {}};
inline constexpr Key mamba_heads{{"ssm.time_step_rank"}, {"mamba_num_heads", "mamba_n_heads"}};
inline constexpr Key mamba_head_dim{{}, {"mamba_head_dim", "mamba_d_head"}};
inline constexpr Key mamba_state{{"ssm.state_size"}, {"ssm_state_size", "mamba_d_state"}};
inline constexpr Key mamba_groups{{"ssm.group_count"}, {"n_groups", "mamba_n_groups"}};
inline constexpr Key mamba_kernel{{"ssm.conv_kernel"}, {"conv_kernel", "mamba_d_conv"}};
inline constexpr Key mamba_expansion{{}, {"mamba_expand"}};
inline constexpr Key mamba_convolution_bias{{}, {"use_conv_bias", "mamba_conv_bias"}};
inline constexpr Key mamba_projection_bias{{}, {"mamba_proj_bias"}};
inline constexpr Key mamba_bias{{}, {"use_bias"}};
inline constexpr Key mamba_activation{{}, {"mamba_hidden_act"}};
inline constexpr Key step_limits{{}, {"time_step_limit", "mamba_dt_limit"}};
inline constexpr Key convolution_kernel{{"shortconv.l_cache"}, {"conv_L_cache"}};
inline constexpr Key convolution_bias{{}, {"conv_bias"}};

// Feed-forward networks
inline constexpr Key activation{{}, {"mlp_hidden_act", "hidden_activation", "hidden_act"}};
inline constexpr Key activation_limit{{}, {"swiglu_limit"}};
inline constexpr Key width{{"feed_forward_length"}, {"intermediate_size"}};
inline constexpr Key expert_width{{"expert_feed_forward_length"},
                                  {"moe_intermediate_size", "expert_intermediate_size"}};
inline constexpr Key experts{{"expert_count"}, {"num_experts", "num_local_experts", "n_routed_experts"}};
inline constexpr Key experts_per_token{{"expert_used_count"},
                                       {"num_experts_per_tok", "top_k_experts", "experts_per_token"}};
inline constexpr Key shared_width{
    {"expert_shared_feed_forward_length"},
    {"shared_expert_intermediate_size", "shared_intermediate_size", "moe_shared_expert_intermediate_size"}};
inline constexpr Key shared_experts{{"expert_shared_count"}, {"n_shared_experts"}};
inline constexpr Key latent_size{{"moe_latent_size"}, {"moe_latent_size"}};

// Routers
inline constexpr Key score{{"expert_gating_func"}, {"scoring_func"}};
inline constexpr Key choice{{}, {"topk_method"}};
inline constexpr Key selection_bias{{}, {"use_routing_bias", "use_expert_bias"}};
inline constexpr Key groups{{"expert_group_count"}, {"n_group"}};
inline constexpr Key groups_kept{{"expert_group_used_count"}, {"topk_group"}};
inline constexpr Key normalise{{"expert_weights_norm"}, {"norm_topk_prob"}};
inline constexpr Key expert_weight_scale{{"expert_weights_scale"}, {"routed_scaling_factor"}};
inline constexpr Key jitter{{}, {"router_jitter_noise"}};

// Parts of Gemma that the library does not have
inline constexpr Key layer_input_size{{"embedding_length_per_layer_input"}, {"hidden_size_per_layer_input"}};
inline constexpr Key shared_kv_layers{{"attention.shared_kv_layers"}, {"num_kv_shared_layers"}};

}  // namespace keys

}  // namespace moe::inline MOE_ABI::detail
