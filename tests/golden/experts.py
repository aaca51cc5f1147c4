"""What follows the mixer: one network for all tokens, or the chosen experts and what is always on."""

from arithmetic import clamp, gelu, plus, product, relu_squared, scaled, sigmoid, silu, times
from routers import route

ACTIVATIONS = {"silu": silu, "gelu": gelu, "relu squared": relu_squared}


def feed_forward(model, layer, name, x):
    c = model.config
    if c.parts[layer] == "dense":
        return network(model, f"{name}.{c.dense_name}", x)
    inside = f"{name}.{c.experts_name}"
    small = model.project(f"{inside}.fc1_latent_proj", x) if c.moe_latent_size else x
    y = mixture(model, inside, small, route(model, layer, inside, x))
    if c.moe_latent_size:
        y = model.project(f"{inside}.fc2_latent_proj", y)
    return plus(y, shared(model, f"{name}.{c.shared_name}", x))


def mixture(model, name, x, chosen):
    y = [0.0] * len(x)
    for expert, weight in chosen:
        y = plus(y, scaled(weight, expert_of(model, name, expert, x)))
    return y


def shared(model, name, x):
    """The expert of all tokens, if any; its gate, if any, is one number."""
    if not any(model.has(f"{name}.{part}.weight") for part in ("up_proj", "input_linear")):
        return [0.0] * len(x)
    y = network(model, name, x)
    return scaled(sigmoid(model.project(f"{name}_gate", x)[0]), y) if model.has(f"{name}_gate.weight") else y


def gemma(model, layer, name, x):
    """The dense network and the experts side by side; the router reads the token before any norm."""
    y = network(model, f"{name}.mlp", model.norm(x, f"{name}.pre_feedforward_layernorm"))
    if model.config.parts[layer] == "moe":
        chosen = route(model, layer, name, x)
        routed = mixture(model, name, model.norm(x, f"{name}.pre_feedforward_layernorm_2"), chosen)
        y = plus(model.norm(y, f"{name}.post_feedforward_layernorm_1"),
                 model.norm(routed, f"{name}.post_feedforward_layernorm_2"))
    return model.norm(y, f"{name}.post_feedforward_layernorm")


def network(model, name, x):
    """Matrices in tensors of their own, or gate and up in one."""
    if model.has(f"{name}.input_linear.weight"):
        both, down = model.weight(f"{name}.input_linear.weight"), model.weight(f"{name}.output_linear.weight")
        return halves(model, both, down, x)
    gate, up, down = ("w1", "w3", "w2") if model.has(f"{name}.w1.weight") else ("gate_proj", "up_proj", "down_proj")
    y = model.project(f"{name}.{up}", x)
    gated = model.has(f"{name}.{gate}.weight")
    y = activate(model, model.project(f"{name}.{gate}", x), y) if gated else activate(model, y)
    return model.project(f"{name}.{down}", y)


def activate(model, first, up=None):
    y = list(map(ACTIVATIONS[model.config.activation], first))
    return product(y, up) if up else y


def halves(model, both, down, x):
    """The first half of the rows is the gate."""
    y = times(both, x)
    return times(down, activate(model, y[: len(y) // 2], y[len(y) // 2 :]))


def expert_of(model, name, expert, x):
    if model.config.model_type == "gpt_oss":
        return gpt_oss(model, f"{name}.experts", expert, x)
    if model.config.model_type == "qwen3_vl_moe_text":  # transposed
        both, down = (output_rows(model, f"{name}.experts.{part}_proj", expert) for part in ("gate_up", "down"))
        return halves(model, both, down, x)
    if model.has(f"{name}.experts.gate_up_proj"):
        both, down = (model.weight(f"{name}.experts.{part}_proj")[expert] for part in ("gate_up", "down"))
        return halves(model, both, down, x)
    if model.has(f"{name}.input_linear.weight"):
        both, down = (model.weight(f"{name}.{part}_linear.weight")[expert] for part in ("input", "output"))
        return halves(model, both, down, x)
    if model.has(f"{name}.experts.up_proj"):
        up, down = (model.weight(f"{name}.experts.{part}_proj")[expert] for part in ("up", "down"))
        return times(down, activate(model, times(up, x)))
    return network(model, f"{name}.experts.{expert}", x)


def gpt_oss(model, name, expert, x):
    """Gate and up alternate; both are clamped."""
    limit = model.config.swiglu_limit
    y = biased(model, f"{name}.gate_up_proj", expert, x)
    gate, up = [min(value, limit) for value in y[::2]], [clamp(value, -limit, limit) for value in y[1::2]]
    inner = [g * sigmoid(1.702 * g) * (u + 1) for g, u in zip(gate, up)]
    return biased(model, f"{name}.down_proj", expert, inner)


def biased(model, name, expert, x):
    return plus(times(output_rows(model, name, expert), x), model.weight(f"{name}_bias")[expert])


def output_rows(model, name, expert):
    """The rows of a matrix that is stored transposed, or of one in MXFP4, which is not."""
    if not model.has(f"{name}_blocks"):
        return list(zip(*model.weight(name)[expert]))
    blocks, scales = model.weight(f"{name}_blocks")[expert], model.weight(f"{name}_scales")[expert]
    return [mxfp4(*row) for row in zip(blocks, scales)]


FP4 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6]


def mxfp4(blocks, scales):
    return [FP4[nibble] * 2.0 ** (scale - 127) for block, scale in zip(blocks, scales)
            for byte in block for nibble in (byte & 15, byte >> 4)]
