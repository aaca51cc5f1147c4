"""The models that make_golden.py writes: families whose layers all have attention."""

from cases import ABSENT, Case, model

LATENT = {
    "num_attention_heads": 3, "num_key_value_heads": 3, "q_lora_rank": 18, "kv_lora_rank": 20,
    "qk_nope_head_dim": 12, "qk_rope_head_dim": 6, "v_head_dim": 10, "moe_intermediate_size": 14,
    "intermediate_size": 34, "num_hidden_layers": 3,
    "first_k_dense_replace": 1, "n_shared_experts": 1, "n_routed_experts": 8, "num_experts_per_tok": 3,
}
FP8 = {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic"}
GEMMA = {
    "rms_norm_eps": 1e-6, "hidden_act": ABSENT, "hidden_activation": "gelu_pytorch_tanh", "tie_word_embeddings": True,
    "hidden_size_per_layer_input": 0, "num_kv_shared_layers": 0, "use_double_wide_mlp": False, "hidden_size": 36,
    "intermediate_size": 28, "sliding_window": 5, "use_bidirectional_attention": "vision", "eos_token_id": 1,
}


def gemma_rope(partial, theta):
    return {"sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
            "full_attention": {"rope_type": "proportional", "partial_rotary_factor": partial, "rope_theta": theta}}


def nested_gemma(**fields):
    return {"architectures": ["Gemma4ForConditionalGeneration"], "model_type": "gemma4", "eos_token_id": [1, 106],
            "tie_word_embeddings": True, "audio_config": None,
            "vision_config": {"model_type": "gemma4_vision", "hidden_size": 8, "num_hidden_layers": 1},
            "text_config": model("gemma4_text", "", architectures=ABSENT, **GEMMA | fields)}


ATTENTION = {
    "llama-biased": Case(
        model("llama", "LlamaForCausalLM", num_hidden_layers=3, tie_word_embeddings=True, attention_bias=True,
              mlp_bias=False, intermediate_size=50, rope_theta=500.0,
              rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                            "original_max_position_embeddings": 32}),
        prompt=40),
    "mistral-window": Case(
        model("mistral", "MistralForCausalLM", hidden_size=28, head_dim=12, num_attention_heads=3,
              num_key_value_heads=1, intermediate_size=45, sliding_window=6, torch_dtype="float16"),
        dtype="F16", prompt=20),
    "mixtral-odd": Case(
        model("mixtral", "MixtralForCausalLM", hidden_size=36, num_attention_heads=3, num_key_value_heads=1,
              intermediate_size=21, num_local_experts=5, num_experts_per_tok=2, rope_theta=1e6, sliding_window=7),
        prompt=20, shards=2),
    "qwen2-moe": Case(
        model("qwen2_moe", "Qwen2MoeForCausalLM", num_hidden_layers=3, moe_intermediate_size=14, intermediate_size=35,
              shared_expert_intermediate_size=22, num_experts=7, num_experts_per_tok=3, mlp_only_layers=[1],
              decoder_sparse_step=1, use_sliding_window=False, sliding_window=4, max_window_layers=1),
        prompt=14),
    "olmoe": Case(
        model("olmoe", "OlmoeForCausalLM", hidden_size=48, num_attention_heads=6, num_key_value_heads=3,
              intermediate_size=11, num_experts=9, num_experts_per_tok=4, norm_topk_prob=False, clip_qkv=0.9,
              attention_bias=False),
        prompt=14),
    "phimoe": Case(
        model("phimoe", "PhiMoEForCausalLM", hidden_size=36, num_attention_heads=3, num_key_value_heads=1,
              intermediate_size=13, num_local_experts=5, num_experts_per_tok=2, router_jitter_noise=0.2,
              attention_bias=True, lm_head_bias=True, torch_dtype="float32", rope_theta=1000.0,
              original_max_position_embeddings=64,
              rope_scaling={"type": "longrope", "short_factor": [1.0, 1.1, 1.3, 1.7, 2.2, 3.0],
                            "long_factor": [1.5, 2.0, 3.0, 5.0, 8.0, 12.0], "short_mscale": 1.2, "long_mscale": 1.4,
                            "original_max_position_embeddings": 64}),
        dtype="F32", prompt=18),
    "granitemoe": Case(
        model("granitemoe", "GraniteMoeForCausalLM", tie_word_embeddings=True, intermediate_size=13,
              num_local_experts=6, num_experts_per_tok=3, embedding_multiplier=6.0, residual_multiplier=0.4,
              attention_multiplier=0.15, logits_scaling=3.0, attention_bias=False),
        prompt=16),
    "granitemoe-shared": Case(
        model("granitemoeshared", "GraniteMoeSharedForCausalLM", hidden_size=36, num_attention_heads=3,
              num_key_value_heads=1, intermediate_size=18, shared_intermediate_size=17, num_local_experts=5,
              num_experts_per_tok=2, embedding_multiplier=3.0, residual_multiplier=0.7, attention_multiplier=0.4,
              logits_scaling=0.8, rope_theta=1000.0),
        prompt=16),
    "glm4-moe": Case(
        model("glm4_moe", "Glm4MoeForCausalLM", num_hidden_layers=3, head_dim=20, num_attention_heads=3,
              num_key_value_heads=1, intermediate_size=34, moe_intermediate_size=12, n_routed_experts=9,
              num_experts_per_tok=3, n_shared_experts=1, n_group=3, topk_group=2, first_k_dense_replace=1,
              norm_topk_prob=True, routed_scaling_factor=1.7, attention_bias=True, use_qk_norm=True,
              partial_rotary_factor=0.5, num_nextn_predict_layers=1),
        prompt=16, dtypes={"e_score_correction_bias": "F32"},
        foreign={"model.layers.3.eh_proj.weight": ("BF16", [4, 8]), "model.layers.3.enorm.weight": ("BF16", [40]),
                 "model.layers.3.self_attn.q_proj.weight": ("BF16", [60, 40])}),
    "glm4-moe-air": Case(
        model("glm4_moe", "Glm4MoeForCausalLM", head_dim=16, num_attention_heads=3, num_key_value_heads=3,
              intermediate_size=34, moe_intermediate_size=10, n_routed_experts=7, num_experts_per_tok=2,
              n_shared_experts=2, n_group=1, topk_group=1, first_k_dense_replace=0, norm_topk_prob=False,
              routed_scaling_factor=0.6, attention_bias=True, use_qk_norm=False,
              rope_parameters={"rope_type": "default", "rope_theta": 300.0, "partial_rotary_factor": 0.75}),
        prompt=16),
    "glm4-moe-lite": Case(
        model("glm4_moe_lite", "Glm4MoeLiteForCausalLM", **LATENT | {
            "v_head_dim": 14, "n_shared_experts": 2, "num_experts_per_tok": 2, "n_routed_experts": 6,
            "first_k_dense_replace": ABSENT}, mlp_layer_types=["sparse", "dense", "sparse"], n_group=1, topk_group=1,
              topk_method="noaux_tc", norm_topk_prob=True, routed_scaling_factor=1.8, rope_interleave=True,
              rope_parameters={"rope_type": "default", "rope_theta": 2000.0}),
        prompt=16, dtypes={"e_score_correction_bias": "F32"}),
    "deepseek-v2-lite": Case(
        model("deepseek_v2", "DeepseekV2ForCausalLM", **LATENT | {
            "q_lora_rank": None, "n_routed_experts": 7, "n_shared_experts": 2, "num_hidden_layers": 2},
              topk_method="greedy", scoring_func="softmax", n_group=1, topk_group=1, norm_topk_prob=False,
              routed_scaling_factor=1.0, rms_norm_eps=1e-6),
        prompt=14),
    "deepseek-v2-groups": Case(
        model("deepseek_v2", "DeepseekV2ForCausalLM", **LATENT | {
            "n_routed_experts": 12, "num_experts_per_tok": 3, "num_hidden_layers": 2},
              topk_method="group_limited_greedy", scoring_func="softmax", n_group=4, topk_group=2,
              norm_topk_prob=False, routed_scaling_factor=3.0, rms_norm_eps=1e-6, rope_theta=100.0,
              rope_scaling={"type": "yarn", "factor": 10, "original_max_position_embeddings": 24, "beta_fast": 4,
                            "beta_slow": 1, "mscale": 0.707, "mscale_all_dim": 0.707}),
        prompt=30),
    "fp8-blocks": Case(
        model("deepseek_v3", "DeepseekV3ForCausalLM", **LATENT, topk_method="noaux_tc", scoring_func="sigmoid",
              n_group=4, topk_group=2, norm_topk_prob=True, routed_scaling_factor=2.5, rms_norm_eps=1e-6,
              rope_scaling={"type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 32,
                            "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 0.6},
              quantization_config=FP8 | {"weight_block_size": [16, 24]}),
        prompt=20, dtypes={r"(proj|mqa)\.weight$": "F8_E4M3", r"scale_inv$": "F32",
        "e_score_correction_bias": "F32"}),
    "fp8-128": Case(
        model("minimax_m2", "MiniMaxM2ForCausalLM", hidden_size=136, num_attention_heads=3, num_key_value_heads=1,
              head_dim=12, intermediate_size=33, num_local_experts=4, num_experts_per_tok=2, num_hidden_layers=1,
              rms_norm_eps=1e-6, rotary_dim=ABSENT, use_qk_norm=True, use_routing_bias=True, scoring_func="sigmoid",
              quantization_config=FP8 | {"fmt": "float8_e4m3fn", "weight_block_size": [128, 128],
                                         "modules_to_not_convert": ["gate", "e_score_correction_bias", "lm_head"]}),
        prompt=14, dtypes={r"(proj|w1|w2|w3)\.weight$": "F8_E4M3", "e_score_correction_bias": "F32"}),
    "gpt-oss-bf16": Case(
        model("gpt_oss", "GptOssForCausalLM", num_hidden_layers=3, num_attention_heads=4, head_dim=12,
              intermediate_size=20, num_local_experts=6, num_experts_per_tok=2, experts_per_token=2,
              attention_bias=True, sliding_window=5,
              layer_types=["sliding_attention", "full_attention", "sliding_attention"], swiglu_limit=1.5,
              rope_theta=150.0,
              rope_scaling={"rope_type": "yarn", "factor": 8.0, "beta_fast": 8.0, "beta_slow": 1.0,
                            "original_max_position_embeddings": 32, "truncate": False}),
        prompt=24),
    "minimax-m2-odd": Case(
        model("minimax_m2", "MiniMaxM2ForCausalLM", num_attention_heads=3, num_key_value_heads=1, head_dim=24,
              intermediate_size=14, num_local_experts=9, num_experts_per_tok=4, rotary_dim=10, rms_norm_eps=1e-6,
              use_qk_norm=True, use_routing_bias=True, scoring_func="sigmoid", qk_norm_type="per_layer",
              shared_intermediate_size=0, attn_type_list=[1, 1]),
        prompt=16, dtypes={"e_score_correction_bias": "F32"}),
    "gemma4-text": Case(
        model("gemma4_text", "Gemma4ForCausalLM", **GEMMA | {
            "num_attention_heads": 6, "num_key_value_heads": 3, "rms_norm_eps": 1e-5},
              head_dim=24, global_head_dim=40, num_global_key_value_heads=2, attention_k_eq_v=True,
              enable_moe_block=True, num_experts=7, top_k_experts=3,
              moe_intermediate_size=12, final_logit_softcapping=20.0, rope_parameters=gemma_rope(0.3, 1000.0),
              layer_types=["sliding_attention", "sliding_attention"]),
        prompt=16, fused=True),
    "gemma4-dense": Case(
        nested_gemma(hidden_size=40, num_attention_heads=3, num_key_value_heads=1, head_dim=20, global_head_dim=36,
                     num_global_key_value_heads=None, attention_k_eq_v=False, enable_moe_block=False,
                     num_experts=None,
                     top_k_experts=None, moe_intermediate_size=None, final_logit_softcapping=None,
                     num_hidden_layers=3,
                     rope_parameters=gemma_rope(0.25, 1000.0), torch_dtype="float32", vocab_size=64),
        dtype="F32", prompt=14,
        foreign={"model.vision_tower.patch_embedder.input_proj.weight": ("F32", [8, 12]),
                 "model.embed_vision.embedding_projection.weight": ("F32", [40, 8])}),
    "gemma4-per-layer": Case(
        nested_gemma(num_attention_heads=4, num_key_value_heads=2, head_dim=12, attention_k_eq_v=True,
                     num_hidden_layers=3, enable_moe_block=True, num_experts=5, top_k_experts=1,
                     moe_intermediate_size=10,
                     final_logit_softcapping=15.0, rope_parameters=gemma_rope(0.5, 1000.0),
                     layer_types=["sliding_attention", "full_attention", "full_attention"],
                     per_layer_config={"01": {"head_dim": 20, "num_key_value_heads": 1},
                                       "02": {"head_dim": 24, "num_key_value_heads": 2}}),
        prompt=14, fused=True),
}
