"""The models that make_golden.py writes: Qwen3, Qwen3-MoE, the Qwen3-Omni thinker and Qwen3-VL-MoE."""

from dataclasses import dataclass, field

ABSENT = object()


def config(**fields):
    """The config.json of a small Qwen3-MoE, changed by `fields`."""
    base = {
        "architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "torch_dtype": "bfloat16",
        "vocab_size": 96, "eos_token_id": 95, "tie_word_embeddings": False, "max_position_embeddings": 512,
        "num_hidden_layers": 2, "hidden_size": 32, "rms_norm_eps": 1e-6, "hidden_act": "silu",
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "attention_bias": False,
        "rope_theta": 1e6, "rope_scaling": None, "intermediate_size": 48, "moe_intermediate_size": 20,
        "num_experts": 8, "num_experts_per_tok": 2, "norm_topk_prob": True,
        "decoder_sparse_step": 1, "mlp_only_layers": [],
    }
    return {name: value for name, value in (base | fields).items() if value is not ABSENT}


def model(model_type, architecture, **fields):
    """The config.json of a small model of any family, changed by `fields`."""
    base = {
        "architectures": [architecture], "model_type": model_type, "torch_dtype": "bfloat16",
        "vocab_size": 80, "eos_token_id": 79, "tie_word_embeddings": False, "max_position_embeddings": 256,
        "num_hidden_layers": 2, "hidden_size": 40, "rms_norm_eps": 1e-5, "hidden_act": "silu",
        "num_attention_heads": 4, "num_key_value_heads": 2,
    }
    return {name: value for name, value in (base | fields).items() if value is not ABSENT}


@dataclass
class Case:
    config: dict
    dtype: str = "BF16"
    prompt: int = 12  # ids
    shards: int = 1
    root: str = ""  # of the names of tensors; default: the usual one
    fused: bool = False  # all experts of a layer in two tensors
    odd_start: bool = False  # the first tensor begins at an odd byte
    foreign: dict = field(default_factory=dict)  # tensors to be ignored: name -> (dtype, shape)
    dtypes: dict = field(default_factory=dict)  # of tensors whose names match a pattern: pattern -> dtype


OMNI = {
    "architectures": ["Qwen3OmniMoeForConditionalGeneration"], "model_type": "qwen3_omni_moe",
    "enable_audio_output": True,
    "thinker_config": {
        "model_type": "qwen3_omni_moe_thinker",
        "audio_config": {"model_type": "qwen3_omni_moe_audio_encoder", "d_model": 24, "num_hidden_layers": 1},
        "vision_config": {"model_type": "qwen3_omni_moe_vision_encoder", "hidden_size": 24, "depth": 1},
        "text_config": config(
            architectures=ABSENT, model_type="qwen3_omni_moe_text", norm_topk_prob=ABSENT, rope_theta=ABSENT,
            rope_scaling={"type": "mrope", "mrope_section": [4, 2, 2], "interleaved": True},
        ),
    },
    "talker_config": {"text_config": {"hidden_size": 24, "num_hidden_layers": 1, "num_experts": 4}},
    "code2wav_config": {"hidden_size": 24},
}

VISION = {
    "architectures": ["Qwen3VLMoeForConditionalGeneration"], "model_type": "qwen3_vl_moe", "image_token_id": 93,
    "tie_word_embeddings": False, "vision_config": {"model_type": "qwen3_vl_moe", "hidden_size": 24, "depth": 1},
    "text_config": config(
        architectures=ABSENT, model_type="qwen3_vl_moe_text", norm_topk_prob=ABSENT, rope_theta=ABSENT,
        tie_word_embeddings=ABSENT, torch_dtype=ABSENT, dtype="bfloat16", num_attention_heads=3, head_dim=16,
        num_key_value_heads=1, num_experts=6, num_experts_per_tok=ABSENT, moe_intermediate_size=12,
        rope_scaling={"mrope_interleaved": True, "mrope_section": [4, 2, 2], "rope_type": "default"},
    ),
}

QWEN3 = {
    "odd-sizes": Case(
        config(hidden_size=37, moe_intermediate_size=19, vocab_size=101, eos_token_id=100,
               num_attention_heads=3, num_key_value_heads=1, head_dim=24,
               num_experts=130, num_experts_per_tok=9),
        odd_start=True),
    "tied-biased": Case(
        config(tie_word_embeddings=True, attention_bias=True, norm_topk_prob=False, torch_dtype="float16"),
        dtype="F16"),
    "dense-between": Case(
        config(num_hidden_layers=6, decoder_sparse_step=2, mlp_only_layers=[3], norm_topk_prob=ABSENT,
               num_attention_heads=2, head_dim=ABSENT, moe_intermediate_size=12, intermediate_size=36,
               torch_dtype="float32"),
        dtype="F32"),
    "four-shards": Case(
        config(),
        shards=4,
        foreign={"model.layers.0.self_attn.rotary_emb.inv_freq": ("F32", [8]),
                 "model.layers.2.mlp.experts.0.gate_proj.weight": ("BF16", [20, 32]),
                 "vision.empty": ("F32", [0, 7]), "vision.mask": ("BOOL", [3]),
                 "vision.position_ids": ("I64", [1, 5]), "vision.scale": ("F16", [])}),
    "fused-experts": Case(
        config(moe_intermediate_size=16, num_experts=ABSENT, num_local_experts=8),
        fused=True),
    "yarn": Case(
        config(num_attention_heads=2, num_key_value_heads=1, head_dim=32, rope_theta=100.0,
               max_position_embeddings=200,
               rope_scaling={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32,
                             "beta_fast": 2.0}),
        prompt=40),
    "linear-rope": Case(
        config(rope_theta=10000.0, rope_scaling={"type": "linear", "factor": 2.5})),
    "rope-parameters": Case(
        config(torch_dtype=ABSENT, dtype="bfloat16", eos_token_id=[95, 93],
               rope_theta=ABSENT, rope_scaling=ABSENT,
               rope_parameters={"rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0,
                                "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                "original_max_position_embeddings": 64})),
    "dense-qwen3": Case(
        config(architectures=["Qwen3ForCausalLM"], model_type="qwen3", tie_word_embeddings=True,
               num_experts=ABSENT, num_experts_per_tok=ABSENT, moe_intermediate_size=ABSENT,
               norm_topk_prob=ABSENT, mlp_only_layers=ABSENT, decoder_sparse_step=ABSENT)),
    "omni-fused": Case(
        OMNI,
        fused=True,
        foreign={"talker.model.layers.0.mlp.experts.0.gate_proj.weight": ("BF16", [6, 24]),
                 "talker.model.embed_tokens.weight": ("BF16", [8, 24]),
                 "code2wav.code_embedding.weight": ("F32", [8, 24]),
                 "thinker.audio_tower.layers.0.self_attn.q_proj.weight": ("BF16", [24, 24]),
                 "thinker.visual.blocks.0.attn.qkv.weight": ("BF16", [72, 24])}),
    "vision-transposed": Case(
        VISION,
        foreign={"model.visual.blocks.0.attn.qkv.weight": ("BF16", [72, 24])}),
    "sliding-window": Case(
        config(use_sliding_window=True, sliding_window=5),
        prompt=16),
    "one-expert": Case(
        config(num_experts=1, num_experts_per_tok=1)),
}
