"""Names and shapes of all tensors of a language model in Hugging Face form."""


def shapes(c, layout):
    """In the order of the layers. `layout`: "separate" or "fused" experts."""
    yield f"{c.root}.{c.embedding}.weight", [c.vocab_size, c.hidden_size]
    for layer in range(len(c.parts)):
        name = f"{c.root}.layers.{layer}"
        if c.model_type == "gemma4_text":
            yield from gemma_shapes(c, layer, name, layout)
        else:
            yield from layer_shapes(c, layer, name, layout)
    yield from norm_shapes(c, f"{c.root}.{c.final_norm}")
    if not c.tie_word_embeddings:
        yield f"{c.head}.weight", [c.vocab_size, c.hidden_size]
    if c.lm_head_bias:
        yield f"{c.head}.bias", [c.vocab_size]


def layer_shapes(c, layer, name, layout):
    own = {"delta": "linear_attn", "mamba": "mamba", "conv": "conv"}.get(c.mixers[layer], c.mixer_name)
    if c.mixers[layer]:
        yield from norm_shapes(c, f"{name}.{c.mixer_norm}")
        own = c.mixer_name if c.mixer_name == "mixer" else own
        yield from MIXERS[c.mixers[layer]](c, layer, f"{name}.{own}")
    if c.parts[layer]:
        yield from norm_shapes(c, f"{name}.{c.experts_norm}")
    if c.parts[layer] == "moe":
        yield from moe_shapes(c, name, layout)
    elif c.parts[layer] == "dense" and c.shared_intermediate_size:  # Granite without experts
        yield from shared_shapes(c, name)
    elif c.parts[layer] == "dense":
        yield from network_shapes(c, f"{name}.{c.dense_name}", c.intermediate_size, c.mlp_bias)


def norm_shapes(c, name):
    yield f"{name}.weight", [c.hidden_size]
    if c.norm == "layer":
        yield f"{name}.bias", [c.hidden_size]


def linear(name, rows, columns, bias=False):
    yield f"{name}.weight", [rows, columns]
    if bias:
        yield f"{name}.bias", [rows]


# ---- mixers


def attention_shapes(c, layer, name):
    a, qkv = c.attention[layer], c.attention_bias or getattr(c, "qkv_bias", False)
    queries, keys = a.heads * a.head_dim, a.kv_heads * a.head_dim
    gated = 2 if c.norm == "one plus" else 1
    yield from linear(f"{name}.q_proj", gated * queries, c.hidden_size, qkv)
    yield from linear(f"{name}.k_proj", keys, c.hidden_size, qkv)
    if not a.shares_value:
        yield from linear(f"{name}.v_proj", keys, c.hidden_size, qkv)
    output = "out_proj" if c.model_type == "lfm2_moe" else "o_proj"
    yield from linear(f"{name}.{output}", c.hidden_size, queries, c.attention_bias and c.model_type != "glm4_moe")
    if c.model_type == "gpt_oss":
        yield f"{name}.sinks", [a.heads]
    norm, whole = "layernorm" if c.model_type == "lfm2_moe" else "norm", c.qk_norm == "whole"
    if c.qk_norm and getattr(c, "use_qk_norm", True):
        yield f"{name}.q_{norm}.weight", [queries if whole else a.head_dim]
        yield f"{name}.k_{norm}.weight", [keys if whole else a.head_dim]


def latent_shapes(c, layer, name):
    heads, wide = c.num_attention_heads, c.qk_nope_head_dim + c.qk_rope_head_dim
    if c.q_lora_rank is None:
        yield from linear(f"{name}.q_proj", heads * wide, c.hidden_size)
    else:
        yield from linear(f"{name}.q_a_proj", c.q_lora_rank, c.hidden_size)
        yield f"{name}.q_a_layernorm.weight", [c.q_lora_rank]
        yield from linear(f"{name}.q_b_proj", heads * wide, c.q_lora_rank)
    yield from linear(f"{name}.kv_a_proj_with_mqa", c.kv_lora_rank + c.qk_rope_head_dim, c.hidden_size)
    yield f"{name}.kv_a_layernorm.weight", [c.kv_lora_rank]
    yield from linear(f"{name}.kv_b_proj", heads * (c.qk_nope_head_dim + c.v_head_dim), c.kv_lora_rank)
    yield from linear(f"{name}.o_proj", c.hidden_size, heads * c.v_head_dim)


def delta_shapes(c, layer, name):
    keys = c.linear_num_key_heads * c.linear_key_head_dim
    heads, inner = c.linear_num_value_heads, c.linear_num_value_heads * c.linear_value_head_dim
    if c.model_type == "qwen3_next":
        yield from linear(f"{name}.in_proj_qkvz", 2 * keys + 2 * inner, c.hidden_size)
        yield from linear(f"{name}.in_proj_ba", 2 * heads, c.hidden_size)
    else:
        yield from linear(f"{name}.in_proj_qkv", 2 * keys + inner, c.hidden_size)
        for part, rows in {"z": inner, "b": heads, "a": heads}.items():
            yield from linear(f"{name}.in_proj_{part}", rows, c.hidden_size)
    yield f"{name}.conv1d.weight", [2 * keys + inner, 1, c.linear_conv_kernel_dim]
    yield f"{name}.dt_bias", [heads]
    yield f"{name}.A_log", [heads]
    yield f"{name}.norm.weight", [c.linear_value_head_dim]
    yield from linear(f"{name}.out_proj", c.hidden_size, inner)


def mamba_shapes(c, layer, name):
    heads, inner = c.mamba_num_heads, c.mamba_num_heads * c.mamba_head_dim
    channels = inner + 2 * c.n_groups * c.ssm_state_size
    yield from linear(f"{name}.in_proj", inner + channels + heads, c.hidden_size, c.mamba_proj_bias)
    yield f"{name}.conv1d.weight", [channels, 1, c.conv_kernel]
    if c.use_conv_bias:
        yield f"{name}.conv1d.bias", [channels]
    for part in ("dt_bias", "A_log", "D"):
        yield f"{name}.{part}", [heads]
    yield f"{name}.norm.weight", [inner]
    yield from linear(f"{name}.out_proj", c.hidden_size, inner, c.mamba_proj_bias)


def conv_shapes(c, layer, name):
    yield from linear(f"{name}.in_proj", 3 * c.hidden_size, c.hidden_size, c.conv_bias)
    yield f"{name}.conv.weight", [c.hidden_size, 1, c.conv_L_cache]
    if c.conv_bias:
        yield f"{name}.conv.bias", [c.hidden_size]
    yield from linear(f"{name}.out_proj", c.hidden_size, c.hidden_size, c.conv_bias)


MIXERS = {"attention": attention_shapes, "latent": latent_shapes, "delta": delta_shapes, "mamba": mamba_shapes,
          "conv": conv_shapes}


# ---- experts


def moe_shapes(c, name, layout):
    inside, experts, size = f"{name}.{c.experts_name}", c.num_experts, expert_size(c)
    width = c.moe_latent_size or c.hidden_size
    yield from linear(f"{inside}.{c.router_name}", experts, c.hidden_size, c.model_type == "gpt_oss")
    if c.router == "sigmoid" and getattr(c, "use_expert_bias", True):
        yield f"{inside}.{c.choice_bias}", [experts]
    if c.moe_latent_size:
        yield from linear(f"{inside}.fc1_latent_proj", width, c.hidden_size)
        yield from linear(f"{inside}.fc2_latent_proj", c.hidden_size, width)
    yield from experts_shapes(c, inside, experts, size, width, layout)
    yield from shared_shapes(c, name)


def expert_size(c):
    return c.moe_intermediate_size if getattr(c, "moe_intermediate_size", None) else c.intermediate_size


def experts_shapes(c, name, experts, size, width, layout):
    if c.model_type == "gpt_oss":
        yield f"{name}.experts.gate_up_proj", [experts, width, 2 * size]
        yield f"{name}.experts.gate_up_proj_bias", [experts, 2 * size]
        yield f"{name}.experts.down_proj", [experts, size, width]
        yield f"{name}.experts.down_proj_bias", [experts, width]
    elif c.model_type == "qwen3_vl_moe_text":
        yield f"{name}.experts.gate_up_proj", [experts, width, 2 * size]
        yield f"{name}.experts.down_proj", [experts, size, width]
    elif c.router_name == "router.layer":  # Granite
        yield f"{name}.input_linear.weight", [experts, 2 * size, width]
        yield f"{name}.output_linear.weight", [experts, width, size]
    elif layout == "fused":
        first = "up_proj" if c.activation == "relu squared" else "gate_up_proj"
        yield f"{name}.experts.{first}", [experts, size if first == "up_proj" else 2 * size, width]
        yield f"{name}.experts.down_proj", [experts, width, size]
    else:
        for expert in range(experts):
            yield from network_shapes(c, f"{name}.experts.{expert}", size, width=width)


def shared_shapes(c, name):
    if c.shared_intermediate_size and c.shared_name == "shared_mlp":
        yield f"{name}.shared_mlp.input_linear.weight", [2 * c.shared_intermediate_size, c.hidden_size]
        yield f"{name}.shared_mlp.output_linear.weight", [c.hidden_size, c.shared_intermediate_size]
    elif c.shared_expert_intermediate_size:
        yield from network_shapes(c, f"{name}.{c.shared_name}", c.shared_expert_intermediate_size)
        yield f"{name}.{c.shared_name}_gate.weight", [1, c.hidden_size]
    elif c.n_shared_experts:
        size = getattr(c, "moe_shared_expert_intermediate_size", c.n_shared_experts * expert_size(c))
        yield from network_shapes(c, f"{name}.{c.shared_name}", size)


def network_shapes(c, name, size, bias=False, width=None):
    width = width or c.hidden_size
    gate, up, down = "gate_proj", "up_proj", "down_proj"
    if c.experts_name in ("block_sparse_moe", "feed_forward"):
        gate, up, down = "w1", "w3", "w2"
    if c.activation != "relu squared":
        yield from linear(f"{name}.{gate}", size, width, bias)
    yield from linear(f"{name}.{up}", size, width, bias)
    yield from linear(f"{name}.{down}", width, size, bias)


def gemma_shapes(c, layer, name, layout):
    norms = ["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"]
    if c.enable_moe_block:
        norms += ["post_feedforward_layernorm_1", "post_feedforward_layernorm_2", "pre_feedforward_layernorm_2"]
    for norm in norms:
        yield from norm_shapes(c, f"{name}.{norm}")
    yield f"{name}.layer_scalar", [1]
    yield from attention_shapes(c, layer, f"{name}.self_attn")
    yield from network_shapes(c, f"{name}.mlp", c.intermediate_size)
    if c.enable_moe_block:
        yield f"{name}.router.proj.weight", [c.num_experts, c.hidden_size]
        yield f"{name}.router.scale", [c.hidden_size]
        yield f"{name}.router.per_expert_scale", [c.num_experts]
        yield from experts_shapes(c, name, c.num_experts, c.moe_intermediate_size, c.hidden_size, layout)
