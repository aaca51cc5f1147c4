"""The models that make_golden.py writes: families with recurrent layers."""

from cases import ABSENT, Case, model

DELTA = {
    "rms_norm_eps": 1e-6, "head_dim": 20, "num_attention_heads": 3, "num_key_value_heads": 1,
    "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_conv_kernel_dim": 4,
}
KEEP_F32 = {"A_log|dt_bias|mixer.D|mamba.D": "F32"}
NEMOTRON = {
    "rms_norm_eps": ABSENT, "layer_norm_epsilon": 1e-5, "hidden_act": ABSENT, "mlp_hidden_act": "relu2",
    "mamba_hidden_act": "silu", "hidden_size": 36, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 16,
    "intermediate_size": 30, "expand": 2, "chunk_size": 8, "n_shared_experts": 1, "use_conv_bias": True,
    "mamba_proj_bias": False, "mlp_bias": False, "use_bias": False, "rope_theta": 10000, "partial_rotary_factor": 1.0,
}
LFM2 = {
    "rms_norm_eps": ABSENT, "norm_eps": 1e-5, "hidden_act": ABSENT, "hidden_size": 36, "num_attention_heads": 3,
    "num_key_value_heads": 1, "intermediate_size": 31, "moe_intermediate_size": 11, "num_hidden_layers": 3,
}

HYBRID = {
    "qwen3-next-odd": Case(
        model("qwen3_next", "Qwen3NextForCausalLM", **DELTA | {
            "linear_value_head_dim": 12, "linear_conv_kernel_dim": 3},
              linear_num_value_heads=6, num_hidden_layers=3, full_attention_interval=4, partial_rotary_factor=0.3,
              layer_types=["full_attention", "linear_attention", "linear_attention"], mlp_only_layers=[1],
              decoder_sparse_step=1, norm_topk_prob=False, intermediate_size=30, moe_intermediate_size=10,
              shared_expert_intermediate_size=14, num_experts=6, num_experts_per_tok=2, rope_theta=1000.0),
        prompt=30),
    "qwen3-5-dense": Case(
        model("qwen3_5_text", "Qwen3_5ForCausalLM", **DELTA, linear_num_value_heads=4, hidden_size=36,
              num_hidden_layers=3, full_attention_interval=2, intermediate_size=33, tie_word_embeddings=True,
              torch_dtype=ABSENT,
              dtype="bfloat16",
              rope_parameters={"rope_type": "default", "rope_theta": 1000.0, "partial_rotary_factor": 0.5,
                               "mrope_section": [2, 2, 1], "mrope_interleaved": True}),
        prompt=24),
    "qwen3-5-moe-experts": Case(
        {"architectures": ["Qwen3_5MoeForConditionalGeneration"], "model_type": "qwen3_5_moe",
         "tie_word_embeddings": False, "vision_config": {"model_type": "qwen3_5_moe", "depth": 1, "hidden_size": 16},
         "text_config": model(
             "qwen3_5_moe_text", "", **DELTA | {"linear_num_key_heads": 3, "head_dim": 24}, architectures=ABSENT,
             tie_word_embeddings=ABSENT, linear_num_value_heads=6, num_hidden_layers=4, hidden_size=32,
             moe_intermediate_size=9, shared_expert_intermediate_size=12, num_experts=6, num_experts_per_tok=3,
             attn_output_gate=True, mamba_ssm_dtype="float32", mtp_num_hidden_layers=1,
             rope_parameters={"rope_type": "default", "rope_theta": 1000.0, "mrope_section": [1, 1, 0]})},
        prompt=24, dtypes={"A_log|linear_attn.norm": "F32"},
        foreign={"mtp.fc.weight": ("BF16", [32, 64]), "model.visual.blocks.0.attn.qkv.weight": ("BF16", [48, 16])}),
    "lfm2-moe-odd": Case(
        model("lfm2_moe", "Lfm2MoeForCausalLM", **LFM2, tie_word_embeddings=ABSENT, tie_embedding=False,
              conv_L_cache=4,
              full_attn_idxs=[0], num_dense_layers=1, num_experts=7, num_experts_per_tok=3,
              use_expert_bias=False, routed_scaling_factor=1.5, norm_topk_prob=True, rope_theta=1000.0),
        prompt=16),
    "lfm2-moe-biased": Case(
        model("lfm2_moe", "Lfm2MoeForCausalLM", **LFM2, tie_word_embeddings=True, conv_L_cache=5, conv_bias=True,
              layer_types=["conv", "full_attention", "conv"], num_dense_layers=0, num_experts=6,
              num_experts_per_tok=2,
              use_expert_bias=True, norm_topk_prob=False,
              rope_parameters={"rope_type": "default", "rope_theta": 500.0}),
        prompt=16, fused=True, dtypes={"expert_bias": "F32"}),
    "nemotron-latent": Case(
        model("nemotron_h", "NemotronHForCausalLM", **NEMOTRON, num_hidden_layers=5,
              layers_block_type=["mamba", "moe", "attention", "mamba", "moe"], mamba_num_heads=6, mamba_head_dim=6,
              ssm_state_size=10, n_groups=3, conv_kernel=3, n_routed_experts=7, num_experts_per_tok=3,
              moe_latent_size=22, moe_intermediate_size=13, moe_shared_expert_intermediate_size=17, n_group=1,
              topk_group=1, norm_topk_prob=True, routed_scaling_factor=2.2, time_step_limit=[0.0, 1e30]),
        prompt=24, dtypes=KEEP_F32 | {"e_score_correction_bias": "F32"},
        foreign={"mtp.layers.0.eh_proj.weight": ("BF16", [8, 12]), "mtp.layers.0.norm.weight": ("BF16", [36])}),
    "nemotron-mixed": Case(
        model("nemotron_h", "NemotronHForCausalLM", **NEMOTRON, num_hidden_layers=2, hybrid_override_pattern="M-*EM",
              mamba_num_heads=4, mamba_head_dim=8, ssm_state_size=9, n_groups=2, conv_kernel=4, n_routed_experts=8,
              num_experts_per_tok=3, moe_intermediate_size=12, moe_shared_expert_intermediate_size=15, n_group=4,
              topk_group=2, norm_topk_prob=False, routed_scaling_factor=1.3, torch_dtype="float32",
              time_step_limit=[0.0, {"__float__": "Infinity"}]),
        dtype="F32", prompt=20, fused=True, root="model"),
    "granite-hybrid-groups": Case(
        model("granitemoehybrid", "GraniteMoeHybridForCausalLM", num_hidden_layers=3, position_embedding_type="rope",
              layer_types=["mamba", "attention", "mamba"], mamba_n_heads=8, mamba_d_head="auto", mamba_d_state=7,
              mamba_n_groups=2, mamba_d_conv=3, mamba_expand=2, mamba_conv_bias=True, mamba_proj_bias=False,
              intermediate_size=12, shared_intermediate_size=15, num_local_experts=6, num_experts_per_tok=3,
              embedding_multiplier=4.0, residual_multiplier=0.6, attention_multiplier=0.2, logits_scaling=0.5,
              rope_theta=1000.0),
        prompt=24, dtypes=KEEP_F32),
    "granite-hybrid-dense": Case(
        model("granitemoehybrid", "GraniteMoeHybridForCausalLM", tie_word_embeddings=True,
              position_embedding_type="nope", hidden_size=24, num_attention_heads=2, num_key_value_heads=1,
              layer_types=["attention", "mamba"], mamba_n_heads=6, mamba_d_head=8, mamba_d_state=12,
              mamba_n_groups=1, mamba_d_conv=4, mamba_expand=2, mamba_conv_bias=False, mamba_proj_bias=True,
              intermediate_size=12, shared_intermediate_size=29, num_local_experts=0, num_experts_per_tok=0,
              attention_multiplier=0.3),
        prompt=20),
}
