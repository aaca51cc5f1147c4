"""The independent reference of the tests: what a checkpoint must answer, by the specification alone.

Reads Hugging Face checkpoints of Qwen3, Qwen3-MoE and the Qwen3-Omni thinker and runs them in float64, with
nothing but the standard library and one token after the other: to be read, not to be fast.
"""

import itertools
import json
import math
import struct
from operator import add, mul
from types import SimpleNamespace

# ---- safetensors: u64 length, JSON header, bytes. Here a tensor is (dtype, shape, bytes).

CODES = {"F32": "f", "F16": "e", "I64": "q", "BOOL": "?"}


def decode(dtype, data):
    if dtype == "BF16":  # the upper half of an F32
        return decode("F32", b"".join(b"\0\0" + data[i : i + 2] for i in range(0, len(data), 2)))
    return [value for (value,) in struct.iter_unpack("<" + CODES[dtype], data)]


def read_tensors(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8:start]), data[start:]
    header.pop("__metadata__", None)
    return {name: (t["dtype"], t["shape"], body[slice(*t["data_offsets"])]) for name, t in header.items()}


def read_checkpoint(folder):
    index = folder / "model.safetensors.index.json"
    files = {"model.safetensors"}
    if index.exists():
        files = set(json.loads(index.read_text())["weight_map"].values())
    return {name: tensor for file in files for name, tensor in read_tensors(folder / file).items()}


# ---- configuration

DEFAULTS = {
    "head_dim": None, "attention_bias": False, "rms_norm_eps": 1e-6, "tie_word_embeddings": False,
    "rope_theta": 10000.0, "rope_scaling": None, "rope_parameters": None,
    "use_sliding_window": False, "sliding_window": 4096,
    "decoder_sparse_step": 1, "mlp_only_layers": [], "norm_topk_prob": False,
}


def read_config(folder):
    """The fields of the language model with defaults filled in, and the prefix of its tensors."""
    config, defaults, prefix = json.loads((folder / "config.json").read_text()), DEFAULTS, ""
    if config["model_type"] == "qwen3_omni_moe":
        config, prefix = config["thinker_config"]["text_config"], "thinker."
        defaults = DEFAULTS | {"norm_topk_prob": True, "rope_theta": 1e6}
    c = SimpleNamespace(**defaults | config)
    experts = 0 if c.model_type == "qwen3" else 128
    c.num_experts = config.get("num_experts", config.get("num_local_experts", experts))
    c.head_dim = c.head_dim or c.hidden_size // c.num_attention_heads
    return c, prefix


def is_moe(c, layer):
    return c.num_experts > 0 and layer not in c.mlp_only_layers and (layer + 1) % c.decoder_sparse_step == 0


def rotary(c):
    """The angle per position of each pair of a head, and the factor on cos and sin."""
    rope = {"rope_theta": c.rope_theta} | (c.rope_scaling or {}) | (c.rope_parameters or {})
    kind = rope.get("rope_type", rope.get("type"))
    plain = [rope["rope_theta"] ** (-2 * i / c.head_dim) for i in range(c.head_dim // 2)]
    if kind == "linear":
        return [angle / rope["factor"] for angle in plain], 1
    if kind == "llama3":
        return llama3(plain, rope), 1
    if kind == "yarn":
        return yarn(plain, rope, c.head_dim)
    return plain, 1


def blend(angles, factor, keep):
    """The share `keep[i]`, cut to 0...1, of each angle stays as it is; the rest is divided by `factor`."""
    shares = [min(max(share, 0), 1) for share in keep]
    return [share * angle + (1 - share) * angle / factor for angle, share in zip(angles, shares)]


def llama3(plain, rope):
    """Pairs that turn often within the original context stay, pairs that turn seldom are stretched."""
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    turns = [rope["original_max_position_embeddings"] * angle / (2 * math.pi) for angle in plain]
    return blend(plain, rope["factor"], [(turn - low) / (high - low) for turn in turns])


def yarn(plain, rope, dims):
    """As llama3, but by the index of the pair; cos and sin grow a little."""

    def pair_with(turns):
        span = rope["original_max_position_embeddings"] / (2 * math.pi * turns)
        return dims * math.log(span) / (2 * math.log(rope["rope_theta"]))

    low = max(math.floor(pair_with(rope.get("beta_fast", 32))), 0)
    high = min(math.ceil(pair_with(rope.get("beta_slow", 1))), dims - 1)
    keep = [1 - (i - low) / (high - low or 0.001) for i in range(len(plain))]
    return blend(plain, rope["factor"], keep), 0.1 * math.log(rope["factor"]) + 1


# ---- forward pass


def dot(a, b):
    return sum(map(mul, a, b))


def times(matrix, x):
    return [dot(row, x) for row in matrix]


def plus(a, b):
    return list(map(add, a, b))


def softmax(scores):
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def swiglu(x, gate, up, down):
    return times(down, [g / (1 + math.exp(-g)) * u for g, u in zip(times(gate, x), times(up, x))])


def nest(values, shape):
    for size in reversed(shape[1:]):
        values = [values[i : i + size] for i in range(0, len(values), size)]
    return values


class Model:
    """Reads one token after the other and remembers keys, values and routes."""

    def __init__(self, folder):
        self.config, self.prefix = read_config(folder)
        self.tensors, self.decoded = read_checkpoint(folder), {}
        self.angles, self.magnitude = rotary(self.config)
        layers = range(self.config.num_hidden_layers)
        self.seen = [[] for _ in layers]  # (keys, values) of each position
        self.routes = [[] if is_moe(self.config, layer) else None for layer in layers]
        self.closest = math.inf  # the smallest gap between router logits of neighbouring ranks

    def weight(self, name):
        if name not in self.decoded:
            dtype, shape, data = self.tensors[self.prefix + name]
            self.decoded[name] = nest(decode(dtype, data), shape)
        return self.decoded[name]

    def step(self, token):
        """The logits after one more token."""
        x = self.weight("model.embed_tokens.weight")[token]
        for layer in range(self.config.num_hidden_layers):
            name = f"model.layers.{layer}"
            h = self.norm(x, f"{name}.input_layernorm")
            x = plus(x, self.attention(layer, f"{name}.self_attn", h))
            h = self.norm(x, f"{name}.post_attention_layernorm")
            x = plus(x, self.feed_forward(layer, f"{name}.mlp", h))
        head = "model.embed_tokens" if self.config.tie_word_embeddings else "lm_head"
        return times(self.weight(f"{head}.weight"), self.norm(x, "model.norm"))

    def norm(self, x, name):
        scale = 1 / math.sqrt(dot(x, x) / len(x) + self.config.rms_norm_eps)
        return [value * scale * weight for value, weight in zip(x, self.weight(f"{name}.weight"))]

    def attention(self, layer, name, x):
        c, seen = self.config, self.seen[layer]
        q, k, v = (nest(self.project(f"{name}.{part}_proj", x), [-1, c.head_dim]) for part in "qkv")
        q = [self.rotate(self.norm(head, f"{name}.q_norm"), len(seen)) for head in q]
        k = [self.rotate(self.norm(head, f"{name}.k_norm"), len(seen)) for head in k]
        seen.append((k, v))
        window = seen[-c.sliding_window :] if c.use_sliding_window else seen
        mixed = []
        for head, query in enumerate(q):
            shared = head // (c.num_attention_heads // c.num_key_value_heads)
            shares = softmax([dot(query, keys[shared]) / math.sqrt(c.head_dim) for keys, _ in window])
            mixed += [dot(shares, column) for column in zip(*(values[shared] for _, values in window))]
        return self.project(f"{name}.o_proj", mixed)

    def project(self, name, x):
        y = times(self.weight(f"{name}.weight"), x)
        return plus(y, self.weight(f"{name}.bias")) if self.config.attention_bias else y

    def rotate(self, head, position):
        half = len(head) // 2
        cos = [math.cos(position * angle) * self.magnitude for angle in self.angles]
        sin = [math.sin(position * angle) * self.magnitude for angle in self.angles]
        turned = [(a * c - b * s, b * c + a * s) for a, b, c, s in zip(head[:half], head[half:], cos, sin)]
        return [a for a, _ in turned] + [b for _, b in turned]

    def feed_forward(self, layer, name, x):
        if self.routes[layer] is None:
            return swiglu(x, *self.mlp(name))
        scores = times(self.weight(f"{name}.gate.weight"), x)
        chosen = self.choose(layer, scores)
        shares = softmax(scores)
        total = sum(shares[expert] for expert in chosen) if self.config.norm_topk_prob else 1
        y = [0.0] * len(x)
        for expert in chosen:
            share = shares[expert] / total
            y = plus(y, [share * value for value in swiglu(x, *self.expert(f"{name}.experts", expert))])
        return y

    def choose(self, layer, scores):
        count = self.config.num_experts_per_tok
        ranked = sorted(range(len(scores)), key=lambda expert: -scores[expert])
        gaps = [scores[a] - scores[b] for a, b in itertools.pairwise(ranked[: count + 1])]
        self.closest = min([self.closest] + gaps)
        self.routes[layer].append(ranked[:count])
        return ranked[:count]

    def expert(self, name, expert):
        if f"{self.prefix}{name}.gate_up_proj" not in self.tensors:
            return self.mlp(f"{name}.{expert}")
        both, down = self.weight(f"{name}.gate_up_proj")[expert], self.weight(f"{name}.down_proj")[expert]
        return both[: len(both) // 2], both[len(both) // 2 :], down

    def mlp(self, name):
        return [self.weight(f"{name}.{part}_proj.weight") for part in ("gate", "up", "down")]


def answer(folder, prompt, count=12):
    """The contents of expected.json, and how close two experts and the two best ids came on the way."""
    model, greedy, lead = Model(folder), [], math.inf
    logits = [model.step(token) for token in prompt][-1]
    expected = {
        "prompt": prompt,
        "logits": [float(f"{logit:.9g}") for logit in logits],
        "greedy": greedy,
        "routes": [routes and routes[:] for routes in model.routes],
    }
    while True:
        second, best = sorted(logits)[-2:]
        greedy.append(logits.index(best))
        lead = min(lead, best - second)
        if len(greedy) == count:
            return expected, model.closest, lead
        logits = model.step(greedy[-1])
