"""What mixes tokens: attention, latent attention, delta net, Mamba-2, short convolution.

A mixer takes the model, the layer, the name of its tensors and the normed token, and returns what is added to
the token. `model.past[layer]` is what it remembers of earlier tokens.
"""

import math

from arithmetic import clamp, dot, nest, plus, product, rms_norm, scaled, sigmoid, silu, softmax, softplus, times
from rotary import rotate, rotate_neighbours

# ---- attention


def attention(model, layer, name, x):
    a, past = model.config.attention[layer], model.past[layer]
    q, gate = queries(model, a, name, x)
    k = heads(model, name, "k", model.project(f"{name}.k_proj", x), a)
    v = values(model, a, name, x)
    position = len(past.setdefault("tokens", []))
    q, k = ([rotate(head, position, a.angles, a.magnitude) for head in part] for part in (q, k))
    past["tokens"].append((k, v))
    window = past["tokens"][-a.window :] if a.window else past["tokens"]
    mixed = []
    for head, query in enumerate(q):
        shared = head // (len(q) // len(k))
        seen = [(keys[shared], each[shared]) for keys, each in window]
        mixed += attend(query, seen, a.scale, sink(model, name, head))
    if gate:
        mixed = product(mixed, map(sigmoid, gate))
    return model.project(f"{name}.out_proj" if model.has(f"{name}.out_proj.weight") else f"{name}.o_proj", mixed)


def queries(model, a, name, x):
    """Normed heads, and the values that gate the result or None; each head of a gated one is query, gate."""
    q = model.project(f"{name}.q_proj", x)
    if model.config.norm != "one plus":
        return heads(model, name, "q", q, a), None
    both = nest(q, [-1, 2 * a.head_dim])
    q = [value for head in both for value in head[: a.head_dim]]
    return heads(model, name, "q", q, a), [value for head in both for value in head[a.head_dim :]]


def heads(model, name, part, y, a):
    """Norms the whole projection, or each head, or nothing, and splits into heads."""
    c = model.config
    norms = [f"{name}.{part}_{norm}" for norm in ("norm", "layernorm") if model.has(f"{name}.{part}_{norm}.weight")]
    if norms and c.qk_norm == "whole":
        y = model.norm(y, norms[0])
    if c.clip_qkv is not None:
        y = [clamp(value, -c.clip_qkv, c.clip_qkv) for value in y]
    split = nest(y, [-1, a.head_dim])
    return [model.norm(head, norms[0]) for head in split] if norms and c.qk_norm == "head" else split


def values(model, a, name, x):
    own = model.has(f"{name}.v_proj.weight")
    v = heads(model, name, "v", model.project(f"{name}.v_proj" if own else f"{name}.k_proj", x), a)
    if model.config.model_type == "gemma4_text":
        v = [rms_norm(head, model.config.rms_norm_eps) for head in v]
    return v


def sink(model, name, head):
    """Scores that take part in the softmax without a value."""
    return [model.weight(f"{name}.sinks")[head]] if model.has(f"{name}.sinks") else []


def attend(query, seen, scale, sinks=()):
    shares = softmax([scale * dot(query, key) for key, _ in seen] + list(sinks))
    return [dot(shares, column) for column in zip(*(value for _, value in seen))]  # the share of a sink is dropped


def latent(model, layer, name, x):
    """Keys and values of all heads come from one small vector, beside one rotated key for all heads."""
    c, a, past = model.config, model.config.attention[layer], model.past[layer]
    tokens = past.setdefault("tokens", [])
    plain = c.qk_nope_head_dim
    compressed = model.project(f"{name}.kv_a_proj_with_mqa", x)
    c_part, key = compressed[: c.kv_lora_rank], compressed[c.kv_lora_rank :]
    key = rotate_neighbours(key, len(tokens), a.angles, a.magnitude)
    both = model.project(f"{name}.kv_b_proj", inner_norm(model, f"{name}.kv_a_layernorm", c_part))
    both = nest(both, [-1, plain + c.v_head_dim])
    q = [head[:plain] + rotate_neighbours(head[plain:], len(tokens), a.angles, a.magnitude)
         for head in latent_queries(model, name, x)]
    tokens.append([(head[:plain] + key, head[plain:]) for head in both])
    mixed = []
    for head, query in enumerate(q):
        mixed += attend(query, [token[head] for token in tokens], a.scale)
    return model.project(f"{name}.o_proj", mixed)


def latent_queries(model, name, x):
    if model.has(f"{name}.q_proj.weight"):
        q = model.project(f"{name}.q_proj", x)
    else:
        low = inner_norm(model, f"{name}.q_a_layernorm", model.project(f"{name}.q_a_proj", x))
        q = model.project(f"{name}.q_b_proj", low)
    return nest(q, [-1, model.config.qk_nope_head_dim + model.config.qk_rope_head_dim])


def inner_norm(model, name, x):
    return product(rms_norm(x, 1e-6), model.weight(f"{name}.weight"))


# ---- recurrences


def convolve(past, x, weight, bias=None):
    """A causal convolution of each channel; the last tap meets the current token."""
    seen = past.setdefault("inputs", [])
    seen.append(x)
    taps = len(weight[0][0])
    y = [dot(channel[0][-len(column) :], column) for channel, column in zip(weight, zip(*seen[-taps:]))]
    return plus(y, bias) if bias else y


def delta(model, layer, name, x):
    """The gated delta net."""
    c, past = model.config, model.past[layer]
    keys, per_key = c.linear_num_key_heads, c.linear_num_value_heads // c.linear_num_key_heads
    inputs, z, b, a = delta_inputs(model, name, x)
    y = [silu(value) for value in convolve(past, inputs, model.weight(f"{name}.conv1d.weight"))]
    width = keys * c.linear_key_head_dim
    q, k = (nest(part, [-1, c.linear_key_head_dim]) for part in (y[:width], y[width : 2 * width]))
    v = nest(y[2 * width :], [-1, c.linear_value_head_dim])
    q = [scaled(c.linear_key_head_dim**-0.5, unit(head)) for head in q]
    k = [unit(head) for head in k]
    states = past.setdefault("states", [[[0.0] * len(v[0]) for _ in k[0]] for _ in v])
    decays = zip(model.weight(f"{name}.A_log"), a, model.weight(f"{name}.dt_bias"))
    mixed = []
    for head, (log, step, bias) in enumerate(decays):
        decay = math.exp(-math.exp(log) * softplus(step + bias))
        key, query = k[head // per_key], q[head // per_key]
        states[head], o = delta_step(states[head], decay, sigmoid(b[head]), query, key, v[head])
        n = product(rms_norm(o, c.rms_norm_eps), model.weight(f"{name}.norm.weight"))
        mixed += product(n, map(silu, z[head]))
    return model.project(f"{name}.out_proj", mixed)


def delta_step(state, decay, beta, q, k, v):
    """Decay, delta against the decayed state, write, read."""
    state = [scaled(decay, row) for row in state]
    predicted = [dot(k, column) for column in zip(*state)]
    d = [beta * (value - guess) for value, guess in zip(v, predicted)]
    state = [plus(row, scaled(key, d)) for row, key in zip(state, k)]
    return state, [dot(q, column) for column in zip(*state)]


def unit(head):
    return scaled(1 / math.sqrt(dot(head, head) + 1e-6), head)


def delta_inputs(model, name, x):
    """Inputs q | k | v of the convolution, and z, b, a of each value head."""
    c = model.config
    dk, dv = c.linear_key_head_dim, c.linear_value_head_dim
    if model.has(f"{name}.in_proj_qkv.weight"):
        z, b, a = (model.project(f"{name}.in_proj_{part}", x) for part in "zba")
        return model.project(f"{name}.in_proj_qkv", x), nest(z, [-1, dv]), b, a
    per_key = c.linear_num_value_heads // c.linear_num_key_heads
    q, k, v, z, b, a = [], [], [], [], [], []
    for row in nest(model.project(f"{name}.in_proj_qkvz", x), [-1, 2 * dk + 2 * per_key * dv]):
        q, k = q + row[:dk], k + row[dk : 2 * dk]
        v, z = v + row[2 * dk : 2 * dk + per_key * dv], z + row[2 * dk + per_key * dv :]
    for row in nest(model.project(f"{name}.in_proj_ba", x), [-1, 2 * per_key]):
        b, a = b + row[:per_key], a + row[per_key:]
    return q + k + v, nest(z, [-1, dv]), b, a


def mamba(model, layer, name, x):
    """Mamba-2."""
    c, past = model.config, model.past[layer]
    inner, width = c.mamba_num_heads * c.mamba_head_dim, c.n_groups * c.ssm_state_size
    projected = model.project(f"{name}.in_proj", x)
    z, raw, steps = projected[:inner], projected[inner : -c.mamba_num_heads], projected[-c.mamba_num_heads :]
    bias = model.weight(f"{name}.conv1d.bias") if model.has(f"{name}.conv1d.bias") else None
    y = [silu(value) for value in convolve(past, raw, model.weight(f"{name}.conv1d.weight"), bias)]
    heads_of_x = nest(y[:inner], [-1, c.mamba_head_dim])
    B, C = (nest(part, [-1, c.ssm_state_size]) for part in (y[inner : inner + width], y[inner + width :]))
    states = past.setdefault("states", [[[0.0] * c.ssm_state_size for _ in head] for head in heads_of_x])
    mixed, (low, high) = [], limits(c)
    for head, (step, value) in enumerate(zip(plus(steps, model.weight(f"{name}.dt_bias")), heads_of_x)):
        group, dt = head // (c.mamba_num_heads // c.n_groups), clamp(softplus(step), low, high)
        decay = math.exp(-dt * math.exp(model.weight(f"{name}.A_log")[head]))
        states[head] = [plus(scaled(decay, row), scaled(dt * v, B[group])) for row, v in zip(states[head], value)]
        mixed += plus(times(states[head], C[group]), scaled(model.weight(f"{name}.D")[head], value))
    return model.project(f"{name}.out_proj", gated_norm(model, name, mixed, z))


def limits(c):
    low, high = c.time_step_limit or (0.0, math.inf)
    return low, float(high["__float__"]) if isinstance(high, dict) else high


def gated_norm(model, name, y, z):
    """Gate first, then the norm: over each group or over all values."""
    c, u = model.config, product(y, map(silu, z))
    run = len(u) // c.n_groups if c.grouped_norm else len(u)
    normed = [value for part in nest(u, [-1, run]) for value in rms_norm(part, c.rms_norm_eps)]
    return product(normed, model.weight(f"{name}.norm.weight"))


def short_convolution(model, layer, name, x):
    B, C, X = nest(model.project(f"{name}.in_proj", x), [-1, len(x)])
    bias = model.weight(f"{name}.conv.bias") if model.has(f"{name}.conv.bias") else None
    mixed = convolve(model.past[layer], product(B, X), model.weight(f"{name}.conv.weight"), bias)
    return model.project(f"{name}.out_proj", product(C, mixed))


# the mixer of each kind and the last part of the name of its tensors (None: the family's)
MIXERS = {
    "attention": (attention, None), "latent": (latent, None), "delta": (delta, "linear_attn"),
    "mamba": (mamba, "mamba"), "conv": (short_convolution, "conv"),
}
