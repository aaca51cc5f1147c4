"""config.json of every family in one form: what a layer is made of, with defaults filled in."""

import json
from types import SimpleNamespace

from rotary import growth, rope_fields, rotary

DEFAULTS = {
    # fields of config.json
    "head_dim": None, "attention_bias": False, "rms_norm_eps": 1e-6, "tie_word_embeddings": False,
    "rope_theta": 10000.0, "rope_scaling": None, "rope_parameters": None, "partial_rotary_factor": 1.0,
    "max_position_embeddings": None, "use_sliding_window": False, "sliding_window": None, "layer_types": None,
    "num_key_value_heads": None, "clip_qkv": None, "mlp_bias": False, "lm_head_bias": False,
    "decoder_sparse_step": 1, "mlp_only_layers": [], "mlp_layer_types": None, "first_k_dense_replace": 0,
    "norm_topk_prob": False, "routed_scaling_factor": 1.0, "n_group": 1, "topk_group": 1, "topk_method": None,
    "embedding_multiplier": 1.0, "residual_multiplier": 1.0, "logits_scaling": 1.0, "attention_multiplier": None,
    "final_logit_softcapping": None, "shared_expert_intermediate_size": 0, "n_shared_experts": 0,
    "shared_intermediate_size": 0, "moe_latent_size": None, "quantization_config": None, "conv_bias": False,
    "position_embedding_type": "rope",
    # what only the family says; qk_norm: of each head, of the whole projection, or none
    "norm": "plain", "qk_norm": None, "mixer": "attention", "mixer_name": "self_attn",
    "mixer_norm": "input_layernorm", "experts_norm": "post_attention_layernorm", "final_norm": "norm",
    "embedding": "embed_tokens", "experts_name": "mlp", "dense_name": "mlp", "shared_name": "mlp.shared_experts",
    "router": "softmax", "router_name": "gate", "choice_bias": "gate.e_score_correction_bias",
    "renormalise": None, "tiny": 0.0, "activation": "silu", "grouped_norm": False,
}
SIGMOID = {"router": "sigmoid", "tiny": 1e-20, "norm_topk_prob": True}
LATENT = SIGMOID | {"mixer": "latent", "q_lora_rank": None}
MIXTRAL_NAMES = {"experts_name": "block_sparse_moe"}
GRANITE = MIXTRAL_NAMES | {
    "router": "softmax of chosen", "router_name": "router.layer", "shared_name": "shared_mlp",
    "dense_name": "shared_mlp", "attention_multiplier": 1.0}
DELTA = {
    "norm": "one plus", "qk_norm": "head", "head_dim": 256, "partial_rotary_factor": 0.25, "norm_topk_prob": True,
    "full_attention_interval": 4, "shared_name": "mlp.shared_expert"}

FAMILIES = {
    "llama": {"num_experts": 0},
    "mistral": {"num_experts": 0, "use_sliding_window": True},
    "qwen3": {"qk_norm": "head", "num_experts": 0},
    "qwen3_moe": {"qk_norm": "head", "num_experts": 128},
    "qwen3_omni_moe_text": {"qk_norm": "head", "num_experts": 128, "norm_topk_prob": True, "rope_theta": 1e6},
    "qwen3_vl_moe_text": {
        "qk_norm": "head", "num_experts": 60, "num_experts_per_tok": 4, "renormalise": True, "rope_theta": 5e5},
    "qwen2_moe": {"shared_name": "mlp.shared_expert", "qkv_bias": True},
    "mixtral": MIXTRAL_NAMES | {"renormalise": True, "use_sliding_window": True},
    "olmoe": {"qk_norm": "whole"},
    "phimoe": MIXTRAL_NAMES | {"norm": "layer", "router": "sparsemixer"},
    "granitemoe": GRANITE,
    "granitemoeshared": GRANITE,
    "granitemoehybrid": GRANITE | {
        "mamba_d_head": "auto", "mamba_expand": 2, "time_step_limit": None,
        "position_embedding_type": None},
    "deepseek_v2": LATENT | {"router": "softmax", "norm_topk_prob": False},
    "deepseek_v3": LATENT,
    "glm4_moe": SIGMOID | {"qk_norm": "head", "use_qk_norm": False, "partial_rotary_factor": 0.5},
    "glm4_moe_lite": LATENT | {"first_k_dense_replace": 1},
    "gpt_oss": {"router": "softmax of chosen", "router_name": "router", "swiglu_limit": 7.0},
    "minimax_m2": MIXTRAL_NAMES | {
        "qk_norm": "whole", "router": "sigmoid", "renormalise": True, "choice_bias": "e_score_correction_bias",
        "rope_theta": 5e6, "partial_rotary_factor": 0.5, "rotary_dim": None},
    "qwen3_next": DELTA,
    "qwen3_5_moe_text": DELTA | {"renormalise": True},
    "qwen3_5_text": DELTA | {"num_experts": 0},
    "gemma4_text": {
        "tie_word_embeddings": True, "qk_norm": "head", "activation": "gelu", "router": "gemma",
        "router_name": "router.proj", "enable_moe_block": False, "global_head_dim": 512,
        "num_global_key_value_heads": None,
        "attention_k_eq_v": False, "per_layer_config": {}, "sliding_window": 512},
    "lfm2_moe": {
        "qk_norm": "head", "mixer_norm": "operator_norm", "experts_norm": "ffn_norm", "final_norm": "embedding_norm",
        "experts_name": "feed_forward", "dense_name": "feed_forward", "choice_bias": "expert_bias",
        "router": "sigmoid",
        "tiny": 1e-6, "norm_topk_prob": True, "tie_word_embeddings": True, "rope_theta": 1e6,
        "use_expert_bias": True},
    "nemotron_h": SIGMOID | {
        "mixer_norm": "norm", "experts_norm": "norm", "final_norm": "norm_f", "embedding": "embeddings",
        "mixer_name": "mixer", "experts_name": "mixer", "dense_name": "mixer", "shared_name": "mixer.shared_experts",
        "activation": "relu squared", "grouped_norm": True, "time_step_limit": None,
        "position_embedding_type": None},
}
ALIASES = {
    "num_experts": ["num_experts", "num_local_experts", "n_routed_experts"],
    "num_experts_per_tok": ["num_experts_per_tok", "experts_per_token", "top_k_experts"],
    "rms_norm_eps": ["rms_norm_eps", "norm_eps", "layer_norm_epsilon"],
    "tie_word_embeddings": ["tie_embedding", "tie_word_embeddings"],
}
GEMMA_ROPE = {
    "sliding_attention": {"rope_theta": 1e4},
    "full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1e6},
}


def read_config(folder):
    """The fields of the language model in one form."""
    fields, inner, root, head = json.loads((folder / "config.json").read_text()), {}, "model", "lm_head"
    if fields["model_type"] == "qwen3_omni_moe":
        inner, root, head = fields["thinker_config"]["text_config"], "thinker.model", "thinker.lm_head"
    elif fields["model_type"] in ("qwen3_vl_moe", "qwen3_5", "qwen3_5_moe", "gemma4"):
        outer, inner, root = fields, fields["text_config"], "model.language_model"
        inner = {key: outer[key] for key in ["tie_word_embeddings"] if key in outer} | inner
    elif fields["model_type"] == "nemotron_h":
        root = "backbone"
    return uniform(inner or fields, root, head)


def uniform(fields, root, head):
    c = SimpleNamespace(**DEFAULTS | FAMILIES[fields["model_type"]] | fields)
    for name, others in ALIASES.items():
        found = [fields[other] for other in others if fields.get(other) is not None]
        setattr(c, name, found[0] if found else getattr(c, name, 0))
    c.root, c.head = root, head
    c.head_dim = c.head_dim or c.hidden_size // c.num_attention_heads
    c.num_key_value_heads = c.num_key_value_heads or c.num_attention_heads
    c.renormalise = c.norm_topk_prob if c.renormalise is None else c.renormalise
    c.mixers, c.parts = mixers(c), [part(c, layer) for layer in range(layer_count(c))]
    c.attention = [attention(c, layer) for layer in range(layer_count(c))]
    if c.model_type == "granitemoehybrid":
        granite_mamba(c)
    if c.model_type == "gemma4_text":
        c.embedding_multiplier = c.hidden_size**0.5
    return c


def granite_mamba(c):
    """The names of Nemotron for the numbers of Granite."""
    c.mamba_num_heads, c.ssm_state_size, c.n_groups = c.mamba_n_heads, c.mamba_d_state, c.mamba_n_groups
    inner, c.conv_kernel = c.mamba_expand * c.hidden_size, c.mamba_d_conv
    c.mamba_head_dim = inner // c.mamba_n_heads if c.mamba_d_head == "auto" else c.mamba_d_head
    c.use_conv_bias = c.mamba_conv_bias


def pattern(c):
    """The kinds of the blocks of Nemotron."""
    letters = {"M": "mamba", "*": "attention", "E": "moe", "-": "mlp"}
    blocks = getattr(c, "layers_block_type", None) or [letters[letter] for letter in c.hybrid_override_pattern]
    return [{"linear_attention": "mamba", "full_attention": "attention"}.get(block, block) for block in blocks]


def layer_count(c):
    return len(pattern(c)) if c.model_type == "nemotron_h" else c.num_hidden_layers


def mixers(c):
    """The mixer of each layer: attention, latent, delta, mamba, conv or None."""
    count = layer_count(c)
    if c.model_type == "nemotron_h":
        return [block if block in ("mamba", "attention") else None for block in pattern(c)]
    if c.model_type.startswith(("qwen3_next", "qwen3_5")):
        full = [(layer + 1) % c.full_attention_interval == 0 for layer in range(count)]
        if c.layer_types:
            full = [kind in ("full_attention", "attention") for kind in c.layer_types]
        return ["attention" if each else "delta" for each in full]
    if c.model_type == "lfm2_moe":
        full = {layer for layer, kind in enumerate(c.layer_types or []) if kind == "full_attention"}
        return ["attention" if layer in (full or c.full_attn_idxs) else "conv" for layer in range(count)]
    if c.model_type == "granitemoehybrid":
        return c.layer_types or ["mamba"] * count
    return [c.mixer] * count


def part(c, layer):
    """What follows the mixer: moe, dense or None."""
    if c.model_type == "nemotron_h":
        return {"moe": "moe", "mlp": "dense"}.get(pattern(c)[layer])
    if c.model_type == "gemma4_text":
        return "moe" if c.enable_moe_block else "dense"
    if c.mlp_layer_types:
        return "moe" if c.mlp_layer_types[layer] == "sparse" else "dense"
    dense = c.num_experts == 0 or layer in c.mlp_only_layers or (layer + 1) % c.decoder_sparse_step != 0
    first = c.num_dense_layers if c.model_type == "lfm2_moe" else c.first_k_dense_replace
    return "dense" if dense or layer < first else "moe"


def attention(c, layer):
    """Sizes, window, scale and rotation of the attention of a layer."""
    a = SimpleNamespace(
        heads=c.num_attention_heads, kv_heads=c.num_key_value_heads, head_dim=c.head_dim, window=None,
        shares_value=False)
    kind = attention_kind(c, layer)
    if kind == "sliding_attention" or c.use_sliding_window:
        a.window = c.sliding_window
    if c.model_type == "gemma4_text":
        gemma_attention(c, layer, kind, a)
    a.scale = c.attention_multiplier or a.head_dim**-0.5
    a.angles, a.magnitude = rotation(c, kind, a)
    if c.mixer == "latent":
        a.scale = latent_scale(c)
    elif c.model_type == "gemma4_text":
        a.scale = 1.0
    return a


def attention_kind(c, layer):
    if c.model_type == "gemma4_text":
        if layer + 1 == c.num_hidden_layers:
            return "full_attention"
        usual = "full_attention" if (layer + 1) % 6 == 0 else "sliding_attention"
        return c.layer_types[layer] if c.layer_types else usual
    if c.model_type == "gpt_oss":
        return (c.layer_types or ["sliding_attention", "full_attention"] * c.num_hidden_layers)[layer]
    return None


def gemma_attention(c, layer, kind, a):
    if kind == "full_attention" and not c.per_layer_config:
        a.head_dim = c.global_head_dim
        if c.attention_k_eq_v:
            a.kv_heads = c.num_global_key_value_heads or c.num_key_value_heads
    numbered = {int(number): fields for number, fields in c.per_layer_config.items()}.get(layer, {})
    a.head_dim = numbered.get("head_dim", a.head_dim)
    a.kv_heads = numbered.get("num_key_value_heads", a.kv_heads)
    a.shares_value = kind == "full_attention" and c.attention_k_eq_v


def rotation(c, kind, a):
    """Angles and magnitude; no angles if nothing rotates."""
    if c.position_embedding_type != "rope":
        return [], 1
    if c.model_type == "gemma4_text":
        rope = (GEMMA_ROPE | (c.rope_parameters or {}))[kind]
        return rotary(rope, a.head_dim, c.max_position_embeddings)
    rope = rope_fields(c)
    dims = int(a.head_dim * rope.get("partial_rotary_factor", c.partial_rotary_factor))
    if c.mixer == "latent":
        dims = c.qk_rope_head_dim
    dims = getattr(c, "rotary_dim", None) or dims
    return rotary(rope, dims, c.max_position_embeddings)


def latent_scale(c):
    rope, scale = rope_fields(c), (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5
    if rope.get("rope_type", rope.get("type")) == "yarn" and rope.get("mscale_all_dim"):
        scale *= growth(rope, rope["mscale_all_dim"]) ** 2
    return scale
